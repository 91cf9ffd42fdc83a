-- order, ids, keep_dead_us -> the ids that it held for
local order, held_for = ARGV[1], {}
for _, id in ipairs(cjson.decode(ARGV[2])) do
  local state, keep, name, key = unpack(redis.call('HMGET', job_at(id), 'state', 'keep_us', 'name', 'key'))
  local over = state == 'done' or state == 'dead' or state == 'cancelled'
  local held = false
  if not state then
    held = false
  elseif order == 'cancel' and state == 'running' then
    redis.call('HSET', job_at(id), 'cancelling', '1')
    held = true
  elseif order == 'cancel' and not over then
    finish(id, state, 'cancelled', tonumber(keep))
    held = true
  elseif order == 'send again' and (state == 'dead' or state == 'cancelled') then
    redis.call('PERSIST', job_at(id))
    if key ~= '' then redis.call('PERSIST', id_of_key(name, key)) end
    redis.call('HSET', job_at(id), 'failures', '0', 'lost', '0', 'due_us', text(now), 'ended_us', '0',
      'error', '', 'progress', '0', 'note', '')
    move(id, state, 'ready', now)
    send_at(id, now)
    held = true
  elseif order == 'forget' and over then
    forget(id, state)
    held = true
  end
  if held then held_for[#held_for + 1] = id end
end
return held_for
