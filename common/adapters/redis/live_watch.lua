-- ARGV  1 what, 2 watcher or empty, then by what:
--   lead        3 milliseconds                 1 when the lease is this watcher's, else 0
--   leave                                      1
--   begin       3 kind                         the generation, or -1 when another leads
--   incomplete  3 kind, empty for all          1, or -1 when another leads
--   swap        3 kind, 4 generation, 5 resourceVersion of the LIST
--               owners that lost objects, or -1 when another leads or a later generation was begun
local what, watcher = ARGV[1], ARGV[2]

if what == 'lead' then
  local holder = redis.call('GET', CLUSTER .. 'lead')
  if holder and holder ~= watcher then return 0 end
  redis.call('SET', CLUSTER .. 'lead', watcher, 'PX', ARGV[3])
  return 1
end
if not leads(watcher) then return -1 end
if what == 'leave' then
  redis.call('DEL', CLUSTER .. 'lead')
  return 1
end

local kind = ARGV[3]
if what == 'incomplete' then
  if kind == '' then redis.call('DEL', CLUSTER .. 'complete')
  else redis.call('HDEL', CLUSTER .. 'complete', kind) end
  return 1
end

local begun = redis.call('HGET', CLUSTER .. 'gen', kind)
if what == 'begin' then
  -- The time, so that no generation from before a flush is taken for one from after it.
  local time = redis.call('TIME')
  local generation = tonumber(time[1]) * 1000000 + tonumber(time[2])
  if begun and tonumber(begun) >= generation then generation = tonumber(begun) + 1 end
  redis.call('HSET', CLUSTER .. 'gen', kind, string.format('%.0f', generation))
  redis.call('HDEL', CLUSTER .. 'complete', kind)
  return generation
end

local generation, version = ARGV[4], ARGV[5]
if begun ~= generation then return -1 end
local losers, seen = {}, {}
local all = redis.call('HGETALL', CLUSTER .. 'of:' .. kind)
for i = 1, #all, 2 do
  local at, of, owner = string.match(all[i + 1], '^(%S*) (%S*) (.*)$')
  if of ~= generation and not newer(at, version) then
    drop(kind, all[i], owner)
    if not seen[owner] then
      seen[owner] = true
      losers[#losers + 1] = owner
    end
  end
end
redis.call('HSET', CLUSTER .. 'complete', kind, watcher)
redis.call('HSET', CLUSTER .. 'floor', kind, version)
return losers
