-- worker, lease_us, reports, lost_max, keep_dead_us, kept_max -> cancelled and lost ids
local worker = ARGV[1]
local lost_max, keep_dead_us, kept_max = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
redis.call('ZADD', workers, text(now + tonumber(ARGV[2])), worker)
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', workers, '-inf', text(now), 'LIMIT', '0', '100')) do
  take_back(dead, 1, lost_max, keep_dead_us)
end
for _, state in ipairs({'done', 'cancelled', 'dead'}) do
  redis.call('ZREMRANGEBYSCORE', in_state(state), '-inf', text(now))
  local over = math.min(1000, redis.call('ZCARD', in_state(state)) - kept_max)
  if over > 0 then
    for _, id in ipairs(redis.call('ZRANGE', in_state(state), '0', text(over - 1))) do forget(id, state) end
  end
end
local cancelled, lost = {}, {}
for _, r in ipairs(cjson.decode(ARGV[3])) do
  local id, token, progress, note = unpack(r)
  local f = redis.call('HMGET', job_at(id), 'state', 'token', 'cancelling')
  if f[1] == 'running' and tonumber(f[2]) == token then
    redis.call('HSET', job_at(id), 'progress', tostring(progress), 'note', note)
    if f[3] == '1' then cancelled[#cancelled + 1] = id end
  else
    lost[#lost + 1] = id
  end
end
return {cancelled, lost}
