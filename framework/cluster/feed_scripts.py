"""Scripts of shared feeds: who follows a question for all, and what it tells them.

A holder is known by a token of its own: worker, colon, the number of the time it began. What it
tells goes to a stream of the last events, for those who come, and to a channel, for those who
listen.
"""

from __future__ import annotations

from coinmux.framework.cluster.scripts import Script

#: KEYS: the lease, the last holder, those who read, the events. ARGV: this worker, its token, ms of
#: the lease, 1 where it has readers, 1 where it would follow, ms that events are kept.
#: Answers `{the holder or "", the one before, other workers that have readers}`.
HOLD = Script("""
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local lease = tonumber(ARGV[3])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - lease)
local others = redis.call('ZCARD', KEYS[3])
if ARGV[4] == '1' then
  redis.call('ZADD', KEYS[3], now, ARGV[1])
  redis.call('PEXPIRE', KEYS[3], 2 * lease)
end
local holder = redis.call('GET', KEYS[1])
local before = redis.call('GET', KEYS[2]) or ''
if (not holder and ARGV[5] == '1') or holder == ARGV[2] then
  holder = ARGV[2]
  redis.call('SET', KEYS[1], holder, 'PX', lease)
  redis.call('SET', KEYS[2], holder, 'PX', ARGV[6])
  redis.call('PEXPIRE', KEYS[4], ARGV[6])
end
return {holder or '', before, others}
""")

#: KEYS: the lease, the events, the channel. ARGV: the token, how many events are kept, for how many
#: ms, then the events. 0 where another holds the lease, or nobody: then nothing is told.
TELL_EVENTS = Script("""
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for k = 4, #ARGV do
  redis.call('XADD', KEYS[2], 'MAXLEN', '=', ARGV[2], '*', 'e', ARGV[k])
  redis.call('PUBLISH', KEYS[3], ARGV[k])
end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
""")

#: KEYS: the lease, those who read, the channel. ARGV: this worker, its token, the word that is
#: published where it held the lease.
LEAVE = Script("""
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', KEYS[3], ARGV[3])
return 1
""")
