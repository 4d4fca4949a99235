-- ARGV  1 kind, 2 object, 3 resourceVersion, 4 owner or empty, 5 generation of a LIST or empty, 6 JSON.
-- Returns {1 when it was taken in, whom it belonged to}.
local kind, object, version, owner, generation = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local old = known(kind, object)
local was = old and old.owner or ''

if old and not newer(version, old.version) then
  if generation ~= '' then
    redis.call('HSET', CLUSTER .. 'of:' .. kind, object, old.version .. ' ' .. generation .. ' ' .. was)
  end
  return {0, was}
end
local buried = redis.call('GET', CLUSTER .. 'tomb:' .. object)
if buried and not newer(version, buried) then return {0, was} end
if not old and generation == '' then
  -- Had it been there, and tracked, the last LIST would have had it: this is a late answer.
  local floor = redis.call('HGET', CLUSTER .. 'floor', kind)
  if floor and not newer(version, floor) then return {0, ''} end
end

if owner == '' then
  if old then drop(kind, object, was) end
  -- An answer of ours that is older and still on its way must not bring it back.
  if old or generation == '' then bury(object, version) end
  return {old and 1 or 0, was}
end
if old and was ~= owner then redis.call('HDEL', CLUSTER .. 'own:' .. was, object) end
if generation == '' then generation = old and old.generation or '0' end
redis.call('HSET', CLUSTER .. 'of:' .. kind, object, version .. ' ' .. generation .. ' ' .. owner)
redis.call('HSET', CLUSTER .. 'own:' .. owner, object, ARGV[6])
return {1, was}
