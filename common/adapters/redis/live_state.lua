-- Shared by the scripts of the live snapshot; each is sent with this text before its own.
--
-- KEYS  1 the prefix of one cluster's keys:
--       lead            string, the incarnation of the watcher that holds the cluster; ends by itself
--       gen             hash, kind -> the generation that was begun last
--       complete        hash, kind -> the incarnation that marked it complete
--       floor           hash, kind -> resourceVersion of its last complete LIST
--       of:<kind>       hash, object -> "<resourceVersion> <generation> <owner>"
--       own:<owner>     hash, object -> its compressed JSON
--       tomb:<object>   string, resourceVersion of its deletion; ends by itself
local CLUSTER = KEYS[1]
local TOMBSTONE_SECONDS = 300

-- resourceVersions are integers of up to 64 bits, more than Lua's numbers hold.
local function newer(a, b)
  if #a ~= #b then return #a > #b end
  return a > b
end

local function known(kind, object)
  local text = redis.call('HGET', CLUSTER .. 'of:' .. kind, object)
  if not text then return nil end
  local version, generation, owner = string.match(text, '^(%S*) (%S*) (.*)$')
  return {version = version, generation = generation, owner = owner}
end

local function drop(kind, object, owner)
  redis.call('HDEL', CLUSTER .. 'of:' .. kind, object)
  redis.call('HDEL', CLUSTER .. 'own:' .. owner, object)
end

local function bury(object, version)
  local tomb = CLUSTER .. 'tomb:' .. object
  local old = redis.call('GET', tomb)
  if old and newer(old, version) then version = old end
  redis.call('SET', tomb, version, 'EX', TOMBSTONE_SECONDS)
end

local function leads(watcher)
  return watcher == '' or redis.call('GET', CLUSTER .. 'lead') == watcher
end
