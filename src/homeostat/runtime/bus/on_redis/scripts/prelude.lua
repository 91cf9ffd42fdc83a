-- An event's id in the stream is its position, with a 1 behind the dash.
local function position(id)
  return tonumber(string.match(id, '^(%d+)'))
end
