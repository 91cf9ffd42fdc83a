-- Take a seat (token 0), or keep it. ARGV: subscriber, owner, lease in ms, token. Answers token and position.
local p, name, owner = KEYS[1], ARGV[1], ARGV[2]
local seat = p .. ':seat:' .. name
local held = redis.call('GET', seat)
if held and held ~= owner then return {} end
redis.call('SET', seat, owner, 'PX', ARGV[3])
if not held or ARGV[4] == '0' then redis.call('HINCRBY', p .. ':tokens', name, 1) end
local token = redis.call('HGET', p .. ':tokens', name) or '0'
for _, row in ipairs(redis.call('XINFO', 'GROUPS', p .. ':events')) do
  local group = {}
  for i = 1, #row, 2 do group[row[i]] = row[i + 1] end
  if group['name'] == name then
    local at = position(group['last-delivered-id'])
    if group['pending'] > 0 then
      at = position(redis.call('XPENDING', p .. ':events', name)[2]) - 1
    end
    return {token, tostring(at)}
  end
end
return {}
