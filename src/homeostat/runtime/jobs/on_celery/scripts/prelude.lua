-- What all scripts share. KEYS[1] is the prefix of all keys; times are microseconds of the server's clock,
-- which a Lua number holds exactly. Each script is one transaction.
local prefix = KEYS[1]
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])

local function text(number) return string.format('%.0f', number) end
local function job_at(id) return prefix .. ':job:' .. id end
local function in_state(state) return prefix .. ':state:' .. state end
local function held_by(worker) return prefix .. ':held:' .. worker end
local function running_of(name) return prefix .. ':running:' .. name end
local function id_of_key(name, key) return prefix .. ':key:' .. name .. ':' .. key end
local outbox = prefix .. ':outbox'
local workers = prefix .. ':workers'

local function move(id, from, to, score)
  redis.call('ZREM', in_state(from), id)
  redis.call('ZADD', in_state(to), text(score), id)
  redis.call('HSET', job_at(id), 'state', to)
end

-- A message has to go out for this job at a time, unless somebody takes the job before.
local function send_at(id, at) redis.call('ZADD', outbox, text(at), id) end

local function let_go(id, name, worker)
  redis.call('SREM', held_by(worker), id)
  redis.call('SREM', running_of(name), id)
  redis.call('HDEL', job_at(id), 'owner', 'cancelling')
end

local function finish(id, from, to, keep_us)
  local name, key = unpack(redis.call('HMGET', job_at(id), 'name', 'key'))
  move(id, from, to, now + keep_us)
  redis.call('HSET', job_at(id), 'ended_us', text(now))
  redis.call('ZREM', outbox, id)
  local keep_ms = math.floor(keep_us / 1000)
  if key ~= '' then redis.call('PEXPIRE', id_of_key(name, key), text(keep_ms)) end
  redis.call('PEXPIRE', job_at(id), text(keep_ms))
  if keep_ms == 0 then redis.call('ZREM', in_state(to), id) end
end

local function forget(id, state)
  local name, key = unpack(redis.call('HMGET', job_at(id), 'name', 'key'))
  redis.call('ZREM', in_state(state), id)
  redis.call('DEL', job_at(id))
  if name and key ~= '' then redis.call('DEL', id_of_key(name, key)) end
end

-- What a worker held and did not settle is ready again; what has cost too many workers is dead. A message goes
-- out at once: the broker may have delivered the old one already, while the worker was not known to be dead.
local function take_back(worker, lost, lost_max, keep_dead_us)
  for _, id in ipairs(redis.call('SMEMBERS', held_by(worker))) do
    local f = redis.call('HMGET', job_at(id), 'state', 'owner', 'name', 'cancelling', 'keep_us')
    if f[1] == 'running' and f[2] == worker then
      local times = redis.call('HINCRBY', job_at(id), 'lost', lost)
      let_go(id, f[3], worker)
      if f[4] == '1' then
        finish(id, 'running', 'cancelled', tonumber(f[5]))
      elseif times > lost_max then
        redis.call('HSET', job_at(id), 'error', 'worker lost')
        finish(id, 'running', 'dead', keep_dead_us)
      else
        move(id, 'running', 'ready', now)
        send_at(id, now)
      end
    end
  end
  redis.call('DEL', held_by(worker))
  redis.call('ZREM', workers, worker)
end
