-- Give a seat up; without an owner the subscriber is forgotten. ARGV: subscriber, owner.
local p, name, owner = KEYS[1], ARGV[1], ARGV[2]
local seat = p .. ':seat:' .. name
if owner == '' then
  redis.pcall('XGROUP', 'DESTROY', p .. ':events', name)
  redis.call('HDEL', p .. ':tokens', name)
  redis.call('DEL', seat, p .. ':queued:' .. name)
  for _, id in ipairs(redis.call('ZRANGE', p .. ':dead:' .. name, 0, -1)) do
    redis.call('HDEL', p .. ':letters', id)
    redis.call('ZREM', p .. ':dead', id)
  end
  redis.call('DEL', p .. ':dead:' .. name)
elseif redis.call('GET', seat) == owner then
  redis.call('DEL', seat)
end
return 0
