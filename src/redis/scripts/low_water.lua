-- In front of the scripts that change what members have acknowledged. KEYS[1] has the state, KEYS[3] the members.
--
-- The low-water mark is what every member has applied. It is told when it has risen, and something is to be
-- acknowledged: the publications up to there are done. That holds on a server that was restarted from an older copy, too: its log ends before what
-- is waited for, and of what is not in the log nothing is acknowledged.
local function low_water()
    local first = redis.pcall('ZRANGE', KEYS[3], '0', '0', 'WITHSCORES')
    return tonumber(first[2]) or 0
end

local function tell_low_water(channel, of_epoch, before)
    local low = low_water()
    if low <= before then return end
    local wanted = redis.call('HGET', KEYS[1], 'q')  -- the last sequence that was to be acknowledged
    if before >= (tonumber(wanted) or 0) then return end
    redis.pcall('PUBLISH', channel, '1 acked ' .. of_epoch .. ' ' .. string.format('%.0f', low))
end
