-- KEYS: objects, versions, refs; ARGV: prefix of the indices, the highest version that may go (empty: any),
-- then keys. Answers the keys that went, which are told on the channel `<objects>:changed` as `DELETED key`.
local gone = {}
local limit = tonumber(ARGV[2])
for i = 3, #ARGV do
  local key = ARGV[i]
  local version = tonumber(redis.call('HGET', KEYS[2], key) or '-1')
  if version >= 0 and (not limit or version <= limit) then
    for ref in string.gmatch(redis.call('HGET', KEYS[3], key) or '', '[^,]+') do
      redis.call('SREM', ARGV[1] .. ref, key)
    end
    for k = 1, 3 do redis.call('HDEL', KEYS[k], key) end
    redis.call('PUBLISH', KEYS[1] .. ':changed', 'DELETED ' .. key)
    gone[#gone + 1] = key
  end
end
return gone
