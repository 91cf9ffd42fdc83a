-- worker, lease_us, outcomes, ids, limits, lost_max, keep_dead_us -> refused ids and claims, as JSON
local worker, lease_us = ARGV[1], tonumber(ARGV[2])
local outcomes, ids, limits = cjson.decode(ARGV[3]), cjson.decode(ARGV[4]), cjson.decode(ARGV[5])
local lost_max, keep_dead_us = tonumber(ARGV[6]), tonumber(ARGV[7])
local refused, claims = {}, {}
redis.call('ZADD', workers, text(now + lease_us), worker)

for _, o in ipairs(outcomes) do
  local id, token, state, failed, delay, keep, result, err = unpack(o)
  local f = redis.call('HMGET', job_at(id), 'state', 'token', 'name', 'owner')
  if f[1] == 'running' and tonumber(f[2]) == token then
    let_go(id, f[3], f[4])
    redis.call('HINCRBY', job_at(id), 'failures', failed)
    redis.call('HSET', job_at(id), 'result', result, 'error', err)
    if state == 'ready' then
      move(id, 'running', 'ready', now)
      send_at(id, now)
    elseif state == 'scheduled' then
      redis.call('HSET', job_at(id), 'due_us', text(now + delay))
      move(id, 'running', 'scheduled', now + delay)
      send_at(id, now + delay)
    else
      if state == 'done' then redis.call('HSET', job_at(id), 'progress', '1') end
      finish(id, 'running', state, keep)
    end
  elseif not (f[1] == state and tonumber(f[2]) == token) then
    refused[#refused + 1] = id
  end
end

local function taken(id)
  local f = redis.call('HMGET', job_at(id), 'state', 'name', 'due_us', 'owner', 'token', 'lost',
    'arguments', 'failures', 'keep_us', 'cancelling')
  local state, name = f[1], f[2]
  if not state or limits[name] == nil then return end
  if state == 'scheduled' and tonumber(f[3]) > now then return end
  if state == 'running' then
    local until_us = redis.call('ZSCORE', workers, f[4])
    if until_us and tonumber(until_us) > now then return end
    take_back(f[4], 1, lost_max, keep_dead_us)
    state = redis.call('HGET', job_at(id), 'state')
  end
  if state ~= 'ready' and state ~= 'scheduled' then return end
  if limits[name] > 0 and redis.call('SCARD', running_of(name)) >= limits[name] then return end
  local since = tonumber(redis.call('ZSCORE', in_state(state), id))
  move(id, state, 'running', now)
  redis.call('ZREM', outbox, id)
  redis.call('SADD', held_by(worker), id)
  redis.call('SADD', running_of(name), id)
  redis.call('HSET', job_at(id), 'owner', worker, 'progress', '0', 'note', '')
  local token = redis.call('HINCRBY', job_at(id), 'token', 1)
  return {id, name, f[7], token, tonumber(f[8]), math.max(0, now - since) / 1000, f[9]}
end

for _, id in ipairs(ids) do
  local claim = taken(id)
  if claim then claims[#claims + 1] = claim end
end
-- An empty table would be written as an object.
return {#refused > 0 and cjson.encode(refused) or '[]', #claims > 0 and cjson.encode(claims) or '[]'}
