-- Keep events, all or none. ARGV: lag_max, events as JSON. Answers the first position, or who is full.
local p = KEYS[1]
local lag_max, records = tonumber(ARGV[1]), cjson.decode(ARGV[2])
local last = tonumber(redis.call('GET', p .. ':last') or '0')
local count = #records
if redis.call('EXISTS', p .. ':events') == 1 then
  for _, row in ipairs(redis.call('XINFO', 'GROUPS', p .. ':events')) do
    local group = {}
    for i = 1, #row, 2 do group[row[i]] = row[i + 1] end
    local waiting = last - position(group['last-delivered-id']) + group['pending']
    if waiting + count > lag_max then return {'full', group['name'], tostring(waiting)} end
  end
end
for i, r in ipairs(records) do
  redis.call('XADD', p .. ':events', (last + i) .. '-1', 'n', r[1], 'v', r[2], 'k', r[3], 't', r[4], 'b', r[5])
end
redis.call('SET', p .. ':last', last + count)
return {'kept', tostring(last + 1)}
