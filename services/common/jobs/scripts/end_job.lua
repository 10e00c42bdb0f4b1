-- The end of a job, and the next one for the worker that had it. ARGV: 1 to 10 see claiming.lua,
-- without a worker nothing is claimed; 11 jobId, 12 its token, 13 completed, failed or retry, 14
-- result or cause, 15 retry_after (ms).
--
-- Answers {'LOST', 'RETRY' or 'ENDED', made} and the job behind it if there is one. Only what ends a
-- job claims the next one, so a call that comes late, behind the one that repeated it, leases nothing
-- that its worker would not hear of.
local id, status, text = ARGV[11], ARGV[13], ARGV[14]
local record = record_of(id)

local function end_it()
    if not is_held(record, ARGV[12]) then return 'LOST' end
    if status == 'retry' then
        local attempts = tonumber(redis.call('HGET', record, 'attempts'))
        if attempts < attempts_max then
            free_ticket(redis.call('HGET', record, 'ticket'), lease,
                math.min(lease, ARGV[15] * 2 ^ (attempts - 1)))
            redis.call('HDEL', record, 'token', 'worker')
            redis.call('HSET', record, 'error', text)
            set_status(record, 'waiting')
            return 'RETRY'
        end
        leave_dead_letter(id, text, attempts)
        status = 'failed'
    elseif status == 'failed' and stream == results then
        -- Of a delivery that fails no one else hears.
        leave_dead_letter(id, text, redis.call('HGET', record, 'attempts'))
    end
    finish(id, status, text, ARGV[5], ARGV[6])
    return 'ENDED'
end

local ended = end_it()
if worker == '' then return {ended, made} end
-- An end stands, whatever keeps the next job from being claimed; a claim will say.
local claims = ended == 'LOST' and ARGV[9] == 'again' and known_lease
    or ended ~= 'LOST' and next_job
local well, job = pcall(claims or function() end)
return {ended, made, well and job or nil}
