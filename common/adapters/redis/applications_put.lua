-- KEYS: objects, versions, refs; ARGV: prefix of the indices, then for each application: key, version,
-- the object, its refs separated by commas. Answers 1 or 0 for each: whether it was newer. What was is told
-- on the channel `<objects>:changed`, as `ADDED key` or `MODIFIED key`.
local answer = {}
for i = 2, #ARGV, 4 do
  local key, version, object, refs = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2], ARGV[i + 3]
  local known = tonumber(redis.call('HGET', KEYS[2], key) or '-1')
  if version <= known then
    answer[#answer + 1] = 0
  else
    local old = redis.call('HGET', KEYS[3], key) or ''
    if old ~= refs then
      for ref in string.gmatch(old, '[^,]+') do redis.call('SREM', ARGV[1] .. ref, key) end
      for ref in string.gmatch(refs, '[^,]+') do redis.call('SADD', ARGV[1] .. ref, key) end
      redis.call('HSET', KEYS[3], key, refs)
    end
    redis.call('HSET', KEYS[1], key, object)
    redis.call('HSET', KEYS[2], key, ARGV[i + 1])
    redis.call('PUBLISH', KEYS[1] .. ':changed', (known < 0 and 'ADDED ' or 'MODIFIED ') .. key)
    answer[#answer + 1] = 1
  end
end
return answer
