-- The members that have not acknowledged a sequence. ARGV: 2 the sequence, 3 how many at most. Returns the epoch, and of
-- each its name and what it has applied, the furthest behind first.
local behind = redis.call('ZRANGE', acks_key, '-inf', '(' .. ARGV[2], 'BYSCORE', 'LIMIT', 0, ARGV[3],
    'WITHSCORES')
local answer = {epoch}
for i = 1, #behind, 2 do
    table.insert(answer, behind[i])
    table.insert(answer, decimal(tonumber(behind[i + 1])))
end
return answer
