-- Raises what a member has applied. ARGV: 1 member, 2 epoch and 3 sequence that it has applied, 4 channel
-- of the acknowledgements. Nothing is checked or rotated here, which makes it cheap: what is of another
-- epoch, not in the log yet, or of no member changes nothing.
local state = redis.pcall('HMGET', KEYS[1], 'v', 'e', 's')
if state.err then return 0 end
if state[1] ~= '1' or state[2] ~= ARGV[2] or tonumber(ARGV[3]) > (tonumber(state[3]) or 0) then
    return 0
end
-- The mark is the lowest member's, so no other raises it.
local is_lowest = redis.pcall('ZRANGE', KEYS[3], '0', '0')[1] == ARGV[1]
local low_before = is_lowest and low_water()
redis.pcall('ZADD', KEYS[3], 'XX', 'GT', ARGV[3], ARGV[1])
if is_lowest then tell_low_water(ARGV[4], ARGV[2], low_before) end
return 1
