"""Scripts of shared feeds: who follows a question for all, and what it tells them.

A holder is known by a token of its own: worker, colon, the number of the time it began. What it
tells goes to a stream of the last events, for those who come, and to a channel, for those who
listen. Marks say what was told: closed candles, ids of trades, the own time of each source's price.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.cluster.scripts import Script

if TYPE_CHECKING:
    from coinmux.framework.cluster.lane import Part
    from coinmux.framework.streams.told_state import Marks

#: KEYS: the lease, the last holder, those who read, the events. ARGV: this worker, its token, ms of
#: the lease, 1 where it has readers, 1 where it would follow, ms that events are kept, what comes
#: before a worker's name in the channel that it listens to while it lives, and after how many ms
#: without a renewal the lease of one that does not listen there any more is free.
#: A store whose user may not count listeners lets every lease end by itself.
#: Answers `{the holder or "", the one before, other workers that have readers, 1 where this one's
#: lease had not ended}`.
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
if holder and holder ~= ARGV[2] and redis.call('PTTL', KEYS[1]) < lease - ARGV[8] then
  local name = ARGV[7] .. string.match(holder, '^[^:]*')
  local listening = redis.pcall('PUBSUB', 'NUMSUB', name)
  if listening[2] == 0 then holder = false end
end
local before = redis.call('GET', KEYS[2]) or ''
local is_renewed = holder == ARGV[2] and 1 or 0
if (not holder and ARGV[5] == '1') or holder == ARGV[2] then
  holder = ARGV[2]
  redis.call('SET', KEYS[1], holder, 'PX', lease)
  redis.call('SET', KEYS[2], holder, 'PX', ARGV[6])
  redis.call('PEXPIRE', KEYS[4], ARGV[6])
end
return {holder or '', before, others, is_renewed}
""")

#: Names by which it is known what was told already.
_MARKED = 1_000

#: KEYS: the lease, the events, the channel, the marks. ARGV: the token, how many events are kept,
#: for how many ms, for how many ms marks are, then of each event: itself, its rule, how many names
#: follow, and those, each with its number (`Marks`). An event that goes back is not told.
#: Answers how many were refused; -1 where another holds the lease, or nobody: then nothing is told.
TELL_EVENTS = Script(f"""
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
local at, refused, is_marked = 5, 0, false
while at <= #ARGV do
  local rule, last = ARGV[at + 1], at + 2 + 2 * ARGV[at + 2]
  local is_new = rule == 'note'
  for k = at + 3, last, 2 do
    if is_new then break end
    local known = redis.call('ZSCORE', KEYS[4], ARGV[k])
    is_new = not known or (rule == 'newer' and tonumber(ARGV[k + 1]) >= tonumber(known))
  end
  if is_new then
    for k = at + 3, last, 2 do
      redis.call('ZADD', KEYS[4], ARGV[k + 1], ARGV[k])
      is_marked = true
    end
    redis.call('XADD', KEYS[2], 'MAXLEN', '=', ARGV[2], '*', 'e', ARGV[at])
    redis.call('PUBLISH', KEYS[3], ARGV[at])
  else
    refused = refused + 1
  end
  at = last + 1
end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
if is_marked then
  redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -{_MARKED + 1})
  redis.call('PEXPIRE', KEYS[4], ARGV[4])
end
return refused
""")


def marked(payload: bytes, marks: Marks) -> list[Part]:
    """An event and its marks, as `TELL_EVENTS` takes them."""
    names: list[Part] = [part for name in marks.names for part in name]
    return [payload, marks.rule, len(marks.names), *names]


#: KEYS: the lease, those who read, the channel. ARGV: this worker, its token, the word that is
#: published where it held the lease.
LEAVE = Script("""
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', KEYS[3], ARGV[3])
return 1
""")
