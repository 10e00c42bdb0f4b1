-- Deletes consumers of which nothing is pending: a consumer's pending entries go with it. ARGV: 1
-- the one that leaves, or empty, 2 how long any other must have been idle (ms). Answers how many.
local gone = 0
if redis.call('EXISTS', stream) == 0 then return gone end
for _, info in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local of_ours = false
    for i = 1, #info, 2 do of_ours = of_ours or (info[i] == 'name' and info[i + 1] == group) end
    for _, consumer in ipairs(of_ours and redis.call('XINFO', 'CONSUMERS', stream, group) or {}) do
        local known = {}
        for i = 1, #consumer, 2 do known[consumer[i]] = consumer[i + 1] end
        if known.pending == 0 and (known.name == ARGV[1] or known.idle >= tonumber(ARGV[2])) then
            redis.call('XGROUP', 'DELCONSUMER', stream, group, known.name)
            gone = gone + 1
        end
    end
end
return gone
