-- KEYS 1 prefix; ARGV 1 name, 2 blob, 3 most bytes in all. Makes room first, by oldest use.
local root, name, blob, limit = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local old = redis.call('STRLEN', root .. 'b:' .. name)
local total = tonumber(redis.call('GET', root .. 'bytes') or 0) - old
if old > 0 then
  redis.call('DEL', root .. 'b:' .. name)
  redis.call('ZREM', root .. 'used', name)
end
while total > 0 and total + #blob > limit do
  local oldest = redis.call('ZPOPMIN', root .. 'used')[1]
  if not oldest then
    total = 0
    break
  end
  total = total - redis.call('STRLEN', root .. 'b:' .. oldest)
  redis.call('UNLINK', root .. 'b:' .. oldest)
end
if #blob <= limit then
  local time = redis.call('TIME')
  redis.call('SET', root .. 'b:' .. name, blob)
  redis.call('ZADD', root .. 'used', tonumber(time[1]) + tonumber(time[2]) / 1000000, name)
  total = total + #blob
end
redis.call('SET', root .. 'bytes', total)
return total
