-- ARGV: 1 jobId, 2 token, 3 call, 4 answer. The answer is taken from the attempt that began the
-- call, also when its lease is lost: it was paid for.
local record, field = record_of(ARGV[1]), 'paid:' .. ARGV[3]
local known = of_record('HGET', record, field)
if known == '?' .. ARGV[2] or known == '!' .. ARGV[2] then
    redis.call('HSET', record, field, '=' .. ARGV[4])
end
return is_held(record, ARGV[2]) and 'HELD' or 'LOST'
