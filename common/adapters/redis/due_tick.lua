-- ARGV  2 at most how many. Returns {item, kinds, item, kinds, ..., seconds until the next is due}.
local limit = tonumber(ARGV[2])
local rung = {}
local items = redis.call('ZRANGEBYSCORE', DUE, '-inf', string.format('%.6f', now), 'LIMIT', 0, limit)
for _, item in ipairs(items) do
  local due = redis.call('ZSCORE', DUE, item)
  local s = load(item)
  settle(item, s)
  if s.holder ~= '-' then
    redis.call('ZADD', DUE, redis.call('ZSCORE', LEASES, item), item)
  else
    ring(item, s, due)
    rung[#rung + 1] = item
    rung[#rung + 1] = s.pending
  end
  save(item, s)
end
local first = redis.call('ZRANGE', DUE, 0, 0, 'WITHSCORES')
local wait = LONGEST
if first[2] then wait = math.max(0, math.min(LONGEST, tonumber(first[2]) - now)) end
redis.call('SET', WAKE, string.format('%.6f', now + wait))
rung[#rung + 1] = string.format('%.6f', wait)
return rung
