-- Set a position. ARGV: subscriber, position. Answers 1 where the subscriber is known.
local p, name = KEYS[1], ARGV[1]
local set = redis.pcall('XGROUP', 'SETID', p .. ':events', name, ARGV[2] .. '-1')
if type(set) == 'table' and set.err then return 0 end
while true do
  local open = redis.call('XPENDING', p .. ':events', name, '-', '+', 1000)
  if #open == 0 then break end
  for _, one in ipairs(open) do redis.call('XACK', p .. ':events', name, one[1]) end
end
redis.call('HINCRBY', p .. ':tokens', name, 1)
return 1
