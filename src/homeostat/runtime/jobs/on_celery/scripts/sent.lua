-- mark, ids: their messages are with the broker, which answers for them from now on
for _, id in ipairs(cjson.decode(ARGV[2])) do
  local score = redis.call('ZSCORE', outbox, id)
  if score and text(tonumber(score)) == ARGV[1] then redis.call('ZREM', outbox, id) end
end
