-- KEYS 1 prefix; ARGV 1 name. Returns the blob, or nil; being read makes it the youngest.
local blob = redis.call('GET', KEYS[1] .. 'b:' .. ARGV[1])
if not blob then return nil end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1] .. 'used', tonumber(time[1]) + tonumber(time[2]) / 1000000, ARGV[1])
return blob
