-- ARGV: 1 jobId, 2 token, 3 call.
local record, field = record_of(ARGV[1]), 'paid:' .. ARGV[3]
local known = of_record('HGET', record, field)
if known == '?' .. ARGV[2] or known == '!' .. ARGV[2] then redis.call('HDEL', record, field) end
return is_held(record, ARGV[2]) and 'HELD' or 'LOST'
