-- Drop what is over. ARGV: events before this time (us), kept_max, letters before this time (us), letters_max.
-- Answers how many a bound dropped, not their age.
local p = KEYS[1]
local events = p .. ':events'
local dropped = 0
if redis.call('EXISTS', events) == 1 then
  local floor = tonumber(redis.call('GET', p .. ':last') or '0') + 1
  for _, row in ipairs(redis.call('XINFO', 'GROUPS', events)) do
    local group = {}
    for i = 1, #row, 2 do group[row[i]] = row[i + 1] end
    local at = position(group['last-delivered-id']) + 1
    if group['pending'] > 0 then at = position(redis.call('XPENDING', events, group['name'])[2]) end
    floor = math.min(floor, at)
  end
  local cut = 0
  for _ = 1, 20 do
    local page = redis.call('XRANGE', events, cut == 0 and '-' or string.format('(%d-1', cut), '+', 'COUNT', 1000)
    local stop = #page < 1000
    for _, entry in ipairs(page) do
      local at = position(entry[1])
      if at >= floor or tonumber(entry[2][8]) >= tonumber(ARGV[1]) then stop = true break end
      cut = at
    end
    if stop then break end
  end
  if cut > 0 then redis.call('XTRIM', events, 'MINID', string.format('%d-1', cut + 1)) end
  dropped = redis.call('XTRIM', events, 'MAXLEN', ARGV[2])
end
local function forget(ids)
  for _, id in ipairs(ids) do
    redis.call('ZREM', p .. ':dead', id)
    redis.call('ZREM', p .. ':dead:' .. string.match(id, '^(.*)%.%d+$'), id)
    redis.call('HDEL', p .. ':letters', id)
  end
  return #ids
end
forget(redis.call('ZRANGEBYSCORE', p .. ':dead', '-inf', '(' .. ARGV[3], 'LIMIT', 0, 1000))
local beyond = redis.call('ZCARD', p .. ':dead') - tonumber(ARGV[4])
if beyond > 0 then dropped = dropped + forget(redis.call('ZRANGE', p .. ':dead', 0, math.min(beyond, 1000) - 1)) end
return dropped
