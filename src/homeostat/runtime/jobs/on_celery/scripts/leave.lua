-- worker, lost_max, keep_dead_us
take_back(ARGV[1], 0, tonumber(ARGV[2]), tonumber(ARGV[3]))
