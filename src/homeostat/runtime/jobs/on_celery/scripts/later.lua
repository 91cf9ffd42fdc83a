-- id, wait_us: another message for a job that could not be taken; one that runs needs none
if redis.call('HGET', job_at(ARGV[1]), 'state') == 'ready' then send_at(ARGV[1], now + tonumber(ARGV[2])) end
