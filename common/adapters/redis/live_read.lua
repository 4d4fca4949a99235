-- ARGV  1 owner. Returns {objects and their JSON, kinds that are complete}, as of one moment.
local complete = {}
local lead = redis.call('GET', CLUSTER .. 'lead')
local marks = redis.call('HGETALL', CLUSTER .. 'complete')
for i = 1, #marks, 2 do
  if marks[i + 1] == '' or marks[i + 1] == lead then complete[#complete + 1] = marks[i] end
end
if ARGV[1] == '' then return {{}, complete} end
return {redis.call('HGETALL', CLUSTER .. 'own:' .. ARGV[1]), complete}
