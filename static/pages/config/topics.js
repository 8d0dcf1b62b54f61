// What a setting is about, by its variable: the groups of the settings on a phone.
const TOPICS = [
  ["Alerts", /^(ALERT_|PUBLIC_URL$)/],
  ["Archive and cache", /^(ARCHIVE|BACKFILL$|CACHE_|DATABASE_URL$)/],
  ["Access", /^(ADMIN_|ALLOWED_|API_KEYS$|CLIENT_|CORS_|FRAME_|KEYS_|PROXY_|TRUSTED_)/],
  ["Server", /^(DATA_DIR$|HOLDS_|HOST$|LIVE_|LOG_|MAX_IN_FLIGHT$|MEMORY_|PORT$|STATE_URL$|WORKERS$)/],
  ["Traces", /^TRACES_/],
];

// Whom to ask, and how, is what most of the rest says.
export const topicOf = (variable) => TOPICS.find(([, pattern]) => pattern.test(variable))?.[0] ?? "Sources";
