-- ARGV  2 lease in seconds, 3 'claim' or 'renew', then pairs of item and incarnation.
-- claim: returns {seq, kinds, waited seconds}, or nil; asked again by the holder, the same.
-- renew: returns the incarnations that are lost.
local lease = tonumber(ARGV[2])

local function hold(item)
  redis.call('ZADD', LEASES, now + lease, item)
  schedule(item, now + lease)
end

if ARGV[3] == 'renew' then
  local lost = {}
  for i = 4, #ARGV, 2 do
    local item, incarnation = ARGV[i], ARGV[i + 1]
    if load(item).holder == incarnation then hold(item) else lost[#lost + 1] = incarnation end
  end
  return lost
end

local item, incarnation = ARGV[4], ARGV[5]
local s = load(item)
local waited = 0
if s.holder ~= incarnation then
  settle(item, s)
  local since = redis.call('ZSCORE', WAITING, item)
  local due = redis.call('ZSCORE', DUE, item)
  if s.holder ~= '-' or not due then return nil end
  if not since and tonumber(due) > now then return nil end
  waited = now - tonumber(since or due)
  s.held, s.pending, s.holder, s.claimed = s.pending, 0, incarnation, s.seq
  s.wake, s.rung, s.rings = 0, 0, 0
  redis.call('ZREM', WAITING, item)
  save(item, s)
end
hold(item)
return {s.claimed, s.held, string.format('%.6f', waited)}
