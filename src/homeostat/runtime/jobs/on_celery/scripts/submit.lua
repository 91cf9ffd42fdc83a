-- jobs, waiting_max, resend_us -> 'full' with the room left, or the ids and the mark in the outbox
local jobs = cjson.decode(ARGV[1])
local room = tonumber(ARGV[2]) - redis.call('ZCARD', in_state('ready')) - redis.call('ZCARD', in_state('scheduled'))
if room < #jobs then return {'full', tostring(room)} end
local mark = now + tonumber(ARGV[3])
local answer = {text(mark)}
for _, j in ipairs(jobs) do
  local id, name, arguments, key, priority, due, made, keep = unpack(j)
  local known = key ~= '' and redis.call('GET', id_of_key(name, key))
  if known then
    id = known
  else
    local state, score = 'ready', now
    if due > now then state, score = 'scheduled', due end
    redis.call('HSET', job_at(id), 'id', id, 'name', name, 'arguments', arguments, 'key', key,
      'priority', text(priority), 'due_us', text(due), 'made_us', text(made), 'keep_us', text(keep),
      'state', state, 'ended_us', '0', 'token', '0', 'failures', '0', 'lost', '0', 'progress', '0',
      'note', '', 'result', '', 'error', '')
    redis.call('ZADD', in_state(state), text(score), id)
    if key ~= '' then redis.call('SET', id_of_key(name, key), id) end
    send_at(id, state == 'ready' and mark or due)
  end
  answer[#answer + 1] = id
end
return answer
