-- Shared by the scripts of the due set; each is sent with this text before its own.
--
-- KEYS  1 due      sorted set, item -> when to look at it next (seconds)
--       2 waiting  sorted set, item -> since when it has been due and unclaimed
--       3 leases   sorted set, item -> when its lease ends
--       4 states   hash, item -> the fields below
--       5 wake     when the beats mean to wake; "<key>:bell" is the channel that wakes them earlier
-- ARGV  1 the time in seconds, only in tests; empty for Redis's own clock
local DUE, WAITING, LEASES, STATES, WAKE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local AHEAD, LONGEST, MOMENT = 5, 60, 1

local function read_clock()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local time = redis.call('TIME')
  return tonumber(time[1]) + tonumber(time[2]) / 1000000
end

local now = read_clock()

local FORMAT = '%d %d %d %s %d %.6f %.6f %d'
local PATTERN = '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$'

-- seq       counts requests
-- pending   kinds asked for and not claimed
-- held      kinds claimed and not released: due again if the holder dies
-- holder    the incarnation that holds the lease, '-' for none
-- claimed   seq at the time of the claim
-- wake      when requests made during the lease want it; 0 for no such request
-- rung      when it was last rung, and how often since it became due
local function load(item)
  local text = redis.call('HGET', STATES, item)
  if not text then
    return {seq = 0, pending = 0, held = 0, holder = '-', claimed = 0, wake = 0, rung = 0, rings = 0}
  end
  local seq, pending, held, holder, claimed, wake, rung, rings = string.match(text, PATTERN)
  return {
    seq = tonumber(seq), pending = tonumber(pending), held = tonumber(held), holder = holder,
    claimed = tonumber(claimed), wake = tonumber(wake), rung = tonumber(rung), rings = tonumber(rings),
  }
end

local function save(item, s)
  redis.call('HSET', STATES, item, string.format(
    FORMAT, s.seq, s.pending, s.held, s.holder, s.claimed, s.wake, s.rung, s.rings))
end

-- A lease that has ended gives back what its holder had claimed.
local function settle(item, s)
  if s.holder == '-' then return end
  local ends = tonumber(redis.call('ZSCORE', LEASES, item) or 0)
  if ends > now then return end
  s.pending, s.held, s.holder, s.wake, s.rings, s.rung = bit.bor(s.pending, s.held), 0, '-', 0, 0, 0
  redis.call('ZREM', LEASES, item)
  redis.call('ZADD', WAITING, 'NX', ends, item)
end

-- Look at the item then, and wake a beat that would sleep past it.
local function schedule(item, at)
  redis.call('ZADD', DUE, at, item)
  local wake = tonumber(redis.call('GET', WAKE) or 0)
  if at < wake then
    redis.call('SET', WAKE, string.format('%.6f', at))
    redis.call('PUBLISH', WAKE .. ':bell', item)
  end
end

-- A message goes out: should it get lost, the item comes again, later each time.
local function ring(item, s, since)
  s.rung, s.rings = now, s.rings + 1
  redis.call('ZADD', WAITING, 'NX', since, item)
  schedule(item, now + math.min(AHEAD * 2 ^ (s.rings - 1), LONGEST))
end
