-- limit, resend_us -> the mark, then id and priority of each job for which a message has to go out now
local mark = now + tonumber(ARGV[2])
local answer = {text(mark)}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', outbox, '-inf', text(now), 'LIMIT', '0', ARGV[1])) do
  local state, priority = unpack(redis.call('HMGET', job_at(id), 'state', 'priority'))
  if state == 'scheduled' then
    local due = redis.call('ZSCORE', in_state('scheduled'), id)
    move(id, 'scheduled', 'ready', tonumber(due))
    state = 'ready'
  end
  if state == 'ready' then
    send_at(id, mark)
    answer[#answer + 1] = id
    answer[#answer + 1] = priority
  else
    redis.call('ZREM', outbox, id)
  end
end
return answer
