-- Answers {waiting, active, completed, failed, dead, unknown, age of the oldest ticket (ms)}; of
-- what has ended the newest 2000 are looked at.
local load = redis.call('HMGET', figures, 'waiting', 'active', 'dead', 'unknown')
local ended = {completed = 0, failed = 0}
for _, entry in ipairs(redis.call('XREVRANGE', stream .. ':finished', '+', '-', 'COUNT', 2000)) do
    local fields = entry[2]
    for i = 1, #fields, 2 do
        local status = fields[i + 1]
        if fields[i] == 'status' and ended[status] then ended[status] = ended[status] + 1 end
    end
end
-- A result is counted when it is claimed; until then it is only in the stream.
local waiting, active = tonumber(load[1]) or 0, tonumber(load[2]) or 0
if stream == results then waiting = math.max(0, redis.call('XLEN', stream) - active) end
local age = 0
local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
if oldest then age = math.max(0, now_ms() - tonumber(string.match(oldest[1], '^%d+'))) end
return {waiting, active, ended.completed, ended.failed,
    tonumber(load[3]) or 0, tonumber(load[4]) or 0, age}
