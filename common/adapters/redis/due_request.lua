-- ARGV  2 kinds, 3 delay in seconds, 4... items. Returns the items to ring.
local kinds, at = tonumber(ARGV[2]), now + tonumber(ARGV[3])
local rung = {}
for i = 4, #ARGV do
  local item = ARGV[i]
  local s = load(item)
  settle(item, s)
  s.seq, s.pending = s.seq + 1, bit.bor(s.pending, kinds)
  if s.holder ~= '-' then
    if s.wake == 0 or at < s.wake then s.wake = at end
  elseif s.rings > 0 then
    if at <= now and now - s.rung >= MOMENT then
      s.rung = now
      rung[#rung + 1] = item
    end
  else
    local due = math.min(at, tonumber(redis.call('ZSCORE', DUE, item) or at))
    if due <= now then
      ring(item, s, due)
      rung[#rung + 1] = item
    else
      schedule(item, due)
    end
  end
  save(item, s)
end
return rung
