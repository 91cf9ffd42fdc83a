-- Requeue letters or forget them. ARGV: order, then id and subscriber in turn. Answers the ids it held for.
local p, order, held = KEYS[1], ARGV[1], {}
for i = 2, #ARGV, 2 do
  local id, name = ARGV[i], ARGV[i + 1]
  if redis.call('ZREM', p .. ':dead', id) == 1 then
    redis.call('ZREM', p .. ':dead:' .. name, id)
    if order == 'requeue' then
      redis.call('ZADD', p .. ':queued:' .. name, string.match(id, '(%d+)$'), id)
    else
      redis.call('HDEL', p .. ':letters', id)
    end
    held[#held + 1] = id
  end
end
return held
