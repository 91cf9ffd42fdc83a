-- limit, age_us: ready jobs that nobody took for so long, and that wait for no message, get another one
for _, id in ipairs(redis.call('ZRANGEBYSCORE', in_state('ready'), '-inf', text(now - tonumber(ARGV[2])),
    'LIMIT', '0', ARGV[1])) do
  if not redis.call('ZSCORE', outbox, id) then send_at(id, now) end
end
