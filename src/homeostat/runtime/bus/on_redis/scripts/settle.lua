-- Note what became of events. ARGV: subscriber, token, positions, letters, cleared letters. 0 if superseded.
local p, name = KEYS[1], ARGV[1]
if redis.call('HGET', p .. ':tokens', name) ~= ARGV[2] then return 0 end
for _, at in ipairs(cjson.decode(ARGV[3])) do
  redis.call('XACK', p .. ':events', name, string.format('%d-1', at))
end
for _, letter in ipairs(cjson.decode(ARGV[4])) do
  redis.call('HSET', p .. ':letters', letter[1], letter[3])
  redis.call('ZADD', p .. ':dead', letter[2], letter[1])
  redis.call('ZADD', p .. ':dead:' .. name, letter[2], letter[1])
  redis.call('ZREM', p .. ':queued:' .. name, letter[1])
end
for _, id in ipairs(cjson.decode(ARGV[5])) do
  redis.call('ZREM', p .. ':queued:' .. name, id)
  redis.call('HDEL', p .. ':letters', id)
end
return 1
