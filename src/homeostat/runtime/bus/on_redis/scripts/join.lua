-- Make subscribers known, which begin with what comes next.
local p = KEYS[1]
local last = redis.call('GET', p .. ':last') or '0'
for _, name in ipairs(ARGV) do
  local made = redis.pcall('XGROUP', 'CREATE', p .. ':events', name, last .. '-1', 'MKSTREAM')
  if type(made) == 'table' and made.err and not string.find(made.err, 'BUSYGROUP') then return made end
end
return 0
