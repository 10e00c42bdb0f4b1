-- ARGV: 1 what must be there, 2 what replaces it, 3 its lifetime in milliseconds, or nothing.
local found = redis.pcall('GET', KEYS[1])
if type(found) == 'table' and found.err and not string.find(found.err, 'WRONGTYPE', 1, true) then
    return found
end
if found ~= ARGV[1] then return 0 end
if ARGV[3] == '' then
    redis.call('SET', KEYS[1], ARGV[2])
else
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1
