"""Scripts that the store runs atomically. Time in them is the store's own (`TIME`).

Windows are hashes: a field for each slice of the window, named by the slice's number, its weight as
the value. A slice counts until its end is a whole window ago, so that never more than the limit
lies in any window.
"""

from __future__ import annotations

import hashlib


class Script:
    """A script and the name under which the store keeps it.

    Attributes:
        text: in Lua.
        digest: of the text.
    """

    __slots__ = ("digest", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


_NOW = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
"""

_USED = """
local function used(key, per)
  local width = math.max(1, math.ceil(per / 64))
  local all = redis.call('HGETALL', key)
  local total, slices = 0, {}
  for i = 1, #all, 2 do
    local at = tonumber(all[i])
    if (at + 1) * width + per <= now then
      redis.call('HDEL', key, all[i])
    else
      local weight = tonumber(all[i + 1])
      total = total + weight
      slices[#slices + 1] = {at, weight}
    end
  end
  return total, slices, width
end
local function add(key, per, weight)
  local width = math.max(1, math.ceil(per / 64))
  redis.call('HINCRBYFLOAT', key, string.format('%d', math.floor(now / width)), tostring(weight))
  redis.call('PEXPIRE', key, per + 2 * width)
end
"""

#: KEYS: a window each. ARGV: weight, then limit and length in ms of each.
#: Answers `{1 or 0, ms to wait (-1 for never), used of each as text…}`.
TAKE = Script(
    _NOW
    + _USED
    + """
local weight = tonumber(ARGV[1])
local wait, told = 0, {}
for k, key in ipairs(KEYS) do
  local limit, per = tonumber(ARGV[2 * k]), tonumber(ARGV[2 * k + 1])
  local total, slices, width = used(key, per)
  told[k] = total
  local excess = total + weight - limit
  if excess > 0 then
    table.sort(slices, function(a, b) return a[1] < b[1] end)
    local until_ms = -1
    for _, slice in ipairs(slices) do
      excess = excess - slice[2]
      if excess <= 0 then
        until_ms = (slice[1] + 1) * width + per - now
        break
      end
    end
    if until_ms < 0 then wait = -1 elseif wait >= 0 then wait = math.max(wait, until_ms) end
  end
end
local answer = {1, wait}
if wait ~= 0 then answer[1] = 0 end
for k, key in ipairs(KEYS) do
  if wait == 0 then
    add(key, tonumber(ARGV[2 * k + 1]), weight)
    told[k] = told[k] + weight
  end
  answer[k + 2] = tostring(told[k])
end
return answer
"""
)

#: KEYS: a window each. ARGV: "add" or "raise", then length in ms and weight of each; "raise" adds
#: only what is missing to the weight, and a weight of 0 reads. Answers the use of each as text.
COUNT = Script(
    _NOW
    + _USED
    + """
local answer = {}
for k, key in ipairs(KEYS) do
  local per, weight = tonumber(ARGV[2 * k]), tonumber(ARGV[2 * k + 1])
  local total = used(key, per)
  if ARGV[1] == 'raise' then weight = weight - total end
  if weight > 0 then
    add(key, per, weight)
    total = total + weight
  end
  answer[k] = tostring(total)
end
return answer
"""
)

#: KEYS: a day's use. ARGV: of each figure its field, what to add, and the whole that is set where
#: there is none yet. Answers every field and its total as text. Kept as long as the longest quota.
USE = Script("""
local day = KEYS[1]
for k = 1, #ARGV, 3 do
  if redis.call('HSETNX', day, ARGV[k], ARGV[k + 2]) == 0 then
    redis.call('HINCRBYFLOAT', day, ARGV[k], ARGV[k + 1])
  end
end
if #ARGV > 0 then redis.call('EXPIRE', day, 3500000) end
return redis.call('HGETALL', day)
""")

#: KEYS: a lease. ARGV: the worker that wants it, for how many ms. 1 if it was granted or extended.
LEASE = Script("""
local holder = redis.call('GET', KEYS[1])
if not holder or holder == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1
end
return 0
""")

#: KEYS: a lease. ARGV: the worker that has it, for how many more ms; 0 frees it at once.
RELEASE = Script("""
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if tonumber(ARGV[2]) > 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
else
  redis.call('DEL', KEYS[1])
end
return 1
""")

#: KEYS: an answer, the lease of its fetch. ARGV: the worker that asks, its lease in ms; 0 only
#: looks. Answers `{ms until the answer expires or -2, the answer or "", 1 with the lease}`.
LOOK = Script("""
local left = redis.call('PTTL', KEYS[1])
local kept = redis.call('GET', KEYS[1]) or ''
local leased = 0
if tonumber(ARGV[2]) > 0 and redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then
  leased = 1
end
return {left, kept, leased}
""")

#: KEYS: an answer, the lease of its fetch. ARGV: the fetching worker, the answer, its TTL (ms).
KEEP = Script("""
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return 1
""")

#: KEYS: the workers, the store's name. ARGV: this worker, ms it is believed alive, a name to give.
#: Answers `{workers alive, the store's name}`: another name is another store, or an emptied one.
BEAT = Script(
    _NOW
    + """
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
redis.call('SET', KEYS[2], ARGV[3], 'NX')
return {redis.call('ZCARD', KEYS[1]), redis.call('GET', KEYS[2])}
"""
)

#: KEYS: the channel, entries to delete, entries to set. ARGV: how many to delete, how many to set,
#: value and life in ms of each of these, then the messages to publish.
TELL = Script("""
local gone, set = tonumber(ARGV[1]), tonumber(ARGV[2])
for k = 1, gone do redis.call('DEL', KEYS[1 + k]) end
for k = 1, set do
  redis.call('SET', KEYS[1 + gone + k], ARGV[1 + 2 * k], 'PX', ARGV[2 + 2 * k])
end
for k = 3 + 2 * set, #ARGV do redis.call('PUBLISH', KEYS[1], ARGV[k]) end
return 1
""")

#: KEYS: the known prices, when each was believed. ARGV: since when those are answered, ms they are
#: kept, how many are kept, then of each to tell: its name, itself, how many ms ago it was believed.
#: Answers `{now, then name, price and time of each}`.
KNOW = Script(
    _NOW
    + """
for k = 4, #ARGV, 3 do
  local at = now - ARGV[k + 2]
  local was = redis.call('ZSCORE', KEYS[2], ARGV[k])
  if not was or tonumber(was) < at then
    redis.call('HSET', KEYS[1], ARGV[k], ARGV[k + 1])
    redis.call('ZADD', KEYS[2], at, ARGV[k])
  end
end
local old = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[2])
for _, name in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1 - ARGV[3])) do old[#old + 1] = name end
for _, name in ipairs(old) do
  redis.call('HDEL', KEYS[1], name)
  redis.call('ZREM', KEYS[2], name)
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
local told = {string.format('%d', now)}
local found = redis.call('ZRANGEBYSCORE', KEYS[2], ARGV[1], '+inf', 'WITHSCORES')
for k = 1, #found, 2 do
  told[#told + 1] = found[k]
  told[#told + 1] = redis.call('HGET', KEYS[1], found[k])
  told[#told + 1] = found[k + 1]
end
return told
"""
)
