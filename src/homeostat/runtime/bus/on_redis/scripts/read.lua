-- Hand events to who has the seat, and to nobody else: what is handed out is open until it is settled.
-- ARGV: subscriber, token, count, where to go on with what the seat's last owner left open, or ''.
-- Answers where to go on with that, letters that are to be tried again, and events.
local p, name, count = KEYS[1], ARGV[1], tonumber(ARGV[3])
if redis.call('HGET', p .. ':tokens', name) ~= ARGV[2] then return redis.error_reply('NOGROUP superseded') end
if ARGV[4] ~= '' then
  local claimed = redis.call('XAUTOCLAIM', p .. ':events', name, 'seat', 0, ARGV[4], 'COUNT', count)
  return {claimed[1] == '0-0' and '' or claimed[1], {}, claimed[2]}
end
local letters = {}
for _, id in ipairs(redis.call('ZRANGE', p .. ':queued:' .. name, 0, count)) do
  local letter = redis.call('HGET', p .. ':letters', id)
  if letter then letters[#letters + 1] = letter end
end
local found = redis.call('XREADGROUP', 'GROUP', name, 'seat', 'COUNT', count, 'STREAMS', p .. ':events', '>')
return {'', letters, found and found[1][2] or {}}
