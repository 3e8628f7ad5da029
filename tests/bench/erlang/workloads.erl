%% The workloads of tests/bench/coppice for Erlang/OTP: with plain processes, and with gen_server and supervisor where there is
%% such a thing. The same arguments, the same checks, the same lines of JSON. Started by `run` beside it.

-module(workloads).
-export([main/0]).
%% gen_server and supervisor
-export([init/1, handle_call/3, handle_cast/2, start_named/1, start_plain/1, start_reporting/2]).

-define(BETWEEN_WAITS, 1000).

workloads() ->
    [{"call", gen_server, fun call_server/2},
     {"call", process, fun call_process/2},
     {"call_100", gen_server, fun call_100_servers/2},
     {"call_100", process, fun call_100_processes/2},
     {"cast", gen_server, fun cast_server/2},
     {"cast", process, fun cast_process/2},
     {"cast_4", gen_server, fun cast_4_servers/2},
     {"cast_4", process, fun cast_4_processes/2},
     {"cast_across", gen_server, fun cast_across_servers/2},
     {"cast_across", process, fun cast_across_processes/2},
     {"ping_pong_servers", process, fun ping_pong/2},
     {"ping_pong_processes", process, fun ping_pong/2},
     {"ring_503", process, fun(C, N) -> ring(C, N, 503) end},
     {"ring_10000", process, fun(C, N) -> ring(C, N, 10000) end},
     {"spawn_exit", process, fun spawn_exit/2},
     {"start_stop", gen_server, fun start_stop/2},
     {"skynet", process, fun skynet/2},
     {"idle_server", gen_server, fun idle_server/2},
     {"idle_process", process, fun idle_process/2},
     {"kill_server", gen_server, fun kill_servers/2},
     {"kill_server", process, fun kill_processes/2},
     {"kill_process", process, fun kill_processes/2},
     {"link_chain", process, fun link_chain/2},
     {"kill_300", gen_server, fun(C, N) -> kills(C, N, {1, 1, 1}, {10, 300, 300}) end},
     {"kill_10000", gen_server, fun(C, N) -> kills(C, N, {1, 1, 1}, {10, 10000, 10000}) end},
     {"random_1000_300", gen_server, fun(C, N) -> kills(C, N, {10, 1000, 1000}, {10, 300, 300}) end},
     {"random_1000_20000", gen_server, fun(C, N) -> kills(C, N, {10, 1000, 1000}, {10, 5000, 20000}) end},
     {"random_100000", gen_server, fun(C, N) -> kills(C, N, {10, 100000, 100000}, {10, 100, 1000}) end},
     {"one_for_all", gen_server, fun one_for_all/2},
     {"tree", gen_server, fun tree/2},
     {"tree", simple_one_for_one, fun simple_tree/2},
     {"start_child", gen_server, fun(C, N) -> under_many(C, N, start) end},
     {"start_child", simple_one_for_one, fun(C, N) -> under_many_simple(C, N, start) end},
     {"terminate_child", gen_server, fun(C, N) -> under_many(C, N, terminate) end},
     {"terminate_child", simple_one_for_one, fun(C, N) -> under_many_simple(C, N, terminate) end},
     {"selective_guard", process, fun selective_guard/2},
     {"selective_reference", gen_server, fun selective_reference_server/2},
     {"selective_reference", process, fun selective_reference_process/2},
     {"timer", process, fun timers/2},
     {"timer_lateness", process, fun timer_lateness/2},
     {"idle_cpu", gen_server, fun idle_cpu/2},
     {"idle_cpu", process, fun idle_cpu_processes/2},
     {"pairs", process, fun pairs/2}].

%% How a run is asked for, and what it says --------------------------------------------------------------------------------

main() ->
    logger:set_primary_config(level, none),
    Asked = arguments(init:get_plain_arguments(), #{threads => 1, repetitions => 1, size => quick, seed => 1, system => all,
                                                    only => []}),
    #{repetitions := Repetitions, only := Only, system := System} = Asked,
    Wanted = [Each || {Name, Of, _} = Each <- workloads(),
                      Only =:= [] orelse lists:member(Name, Only),
                      System =:= all orelse System =:= Of],
    expect(Wanted =/= [], "there is such a workload"),
    [in_process_of_its_own(Asked#{seed := maps:get(seed, Asked) + Repetition}, Each)
     || Repetition <- lists:seq(0, Repetitions - 1), Each <- Wanted],
    halt(0).

arguments(["--threads", N | Rest], Asked) -> arguments(Rest, Asked#{threads := list_to_integer(N)});
arguments(["--repetitions", N | Rest], Asked) -> arguments(Rest, Asked#{repetitions := list_to_integer(N)});
arguments(["--size", Size | Rest], Asked) -> arguments(Rest, Asked#{size := list_to_existing_atom(Size)});
arguments(["--seed", N | Rest], Asked) -> arguments(Rest, Asked#{seed := list_to_integer(N)});
arguments(["--system", System | Rest], Asked) -> arguments(Rest, Asked#{system := list_to_existing_atom(System)});
arguments([Name | Rest], Asked) -> arguments(Rest, Asked#{only := [Name | maps:get(only, Asked)]});
arguments([], Asked) -> Asked.

%% What a run leaves behind, linked to it, goes with it.
in_process_of_its_own(Asked, {Name, System, Run}) ->
    {Runner, Ref} = spawn_monitor(fun() ->
        rand:seed(exsss, maps:get(seed, Asked)),
        Run(Asked#{part_of => System}, Name),
        exit(done)
    end),
    receive
        {'DOWN', Ref, process, Runner, done} -> ok;
        {'DOWN', Ref, process, Runner, Why} ->
            io:format(standard_error, "bench: ~s (~s) ended: ~p~n", [Name, System, Why]),
            halt(1)
    end.

pick(#{size := tiny}, {Tiny, _, _}) -> Tiny;
pick(#{size := quick}, {_, Quick, _}) -> Quick;
pick(#{size := full}, {_, _, Full}) -> Full.

report(Asked, Name, Value) -> report(Asked, Name, "ns", Value).
report(#{threads := Threads, part_of := System}, Name, Unit, Value) ->
    io:format("{\"workload\": \"~s\", \"system\": \"erlang_~s\", \"threads\": ~b, \"unit\": \"~s\", \"value\": ~.4f}~n",
              [Name, System, Threads, Unit, float(Value)]).

expect(true, _) -> ok;
expect(_, What) ->
    io:format(standard_error, "bench: it is not so that ~s~n", [What]),
    halt(1).

now_ns() -> erlang:monotonic_time(nanosecond).

%% Body does a batch of operations. Warm-up first, then again and again until it has run for long enough.
measure(Asked, Name, Batch, Body) ->
    measure_parts(Asked, Name, Batch, fun(Operations) ->
        Began = now_ns(),
        Body(Operations),
        now_ns() - Began
    end).

%% The same for a body that says itself how long what counts took.
measure_parts(Asked, Name, Batch, Body) ->
    repeat(Batch, Body, pick(Asked, {0, 20000000, 100000000}), 0, 0),
    {Operations, Time} = repeat(Batch, Body, pick(Asked, {0, 60000000, 500000000}), 0, 0),
    report(Asked, Name, Time / Operations).

repeat(Batch, Body, AtLeast, Operations, Time) ->
    Now = Time + Body(Batch),
    if Now >= AtLeast -> {Operations + Batch, Now};
       true -> repeat(Batch, Body, AtLeast, Operations + Batch, Now)
    end.

times(0, _) -> ok;
times(N, Fun) -> Fun(), times(N - 1, Fun).

collect(0, _) -> ok;
collect(N, What) -> receive What -> collect(N - 1, What) end.

quantile(Values, Fraction) ->
    Sorted = list_to_tuple(lists:sort(Values)),
    Place = Fraction * (tuple_size(Sorted) - 1),
    Below = trunc(Place),
    Low = element(Below + 1, Sorted),
    High = element(min(Below + 2, tuple_size(Sorted)), Sorted),
    Low + (High - Low) * (Place - Below).

resident_bytes() ->
    {ok, Text} = file:read_file("/proc/self/statm"),
    [_, Resident | _] = binary:split(Text, <<" ">>, [global]),
    binary_to_integer(Resident) * 4096.

%% Of all threads, in nanoseconds.
cpu_time() ->
    {ok, Threads} = file:list_dir("/proc/self/task"),
    lists:sum([begin
                   {ok, Text} = file:read_file("/proc/self/task/" ++ Thread ++ "/schedstat"),
                   [Used | _] = binary:split(Text, <<" ">>),
                   binary_to_integer(Used)
               end || Thread <- Threads]).

%% The calculator: a gen_server, and by hand -------------------------------------------------------------------------------

init({calc, Initial}) -> {ok, Initial};
init({reporting, Boss}) ->
    [Boss ! started || is_pid(Boss)],
    {ok, 0.0};
init({supervisor, Flags, Children}) -> {ok, {Flags, Children}}.

handle_call(view, _, Value) -> {reply, Value, Value}.
handle_cast({add, By}, Value) -> {noreply, Value + By};
handle_cast({mark, From}, Value) -> From ! passed, {noreply, Value}.

start_named(Name) -> gen_server:start_link({local, Name}, ?MODULE, {calc, 0.0}, []).
start_plain(Initial) -> gen_server:start_link(?MODULE, {calc, Initial}, []).
start_reporting(Name, Boss) -> gen_server:start_link({local, Name}, ?MODULE, {reporting, Boss}, []).

start_calc(Initial) ->
    {ok, Pid} = start_plain(Initial),
    Pid.

calc_loop(Value) ->
    receive
        {call, {From, Ref}, view} -> From ! {Ref, Value}, calc_loop(Value);
        {add, By} -> calc_loop(Value + By);
        {mark, From} -> From ! passed, calc_loop(Value)
    end.

spawn_calc(Initial) -> spawn_link(fun() -> calc_loop(Initial) end).

%% With a monitor and a time-out, as a call has to be.
call_by_hand(Pid, Request) ->
    Ref = monitor(process, Pid),
    Pid ! {call, {self(), Ref}, Request},
    receive
        {Ref, Answer} -> demonitor(Ref, [flush]), Answer;
        {'DOWN', Ref, process, Pid, Why} -> exit({Why, {?MODULE, call, [Pid, Request]}})
    after 5000 -> exit({timeout, {?MODULE, call, [Pid, Request]}})
    end.

server_view(Pid) -> gen_server:call(Pid, view).
process_view(Pid) -> call_by_hand(Pid, view).
server_add(Pid) -> gen_server:cast(Pid, {add, 1}).
process_add(Pid) -> Pid ! {add, 1}.
server_mark(Pid) -> gen_server:cast(Pid, {mark, self()}).
process_mark(Pid) -> Pid ! {mark, self()}.

%% Calls and casts ---------------------------------------------------------------------------------------------------------

sum_server(0, _, Sum) -> Sum;
sum_server(N, Pid, Sum) -> sum_server(N - 1, Pid, Sum + server_view(Pid)).
sum_process(0, _, Sum) -> Sum;
sum_process(N, Pid, Sum) -> sum_process(N - 1, Pid, Sum + process_view(Pid)).

call_server(Asked, Name) ->
    Pid = start_calc(1.0),
    measure(Asked, Name, 1000, fun(Calls) -> expect(sum_server(Calls, Pid, 0.0) == Calls, "each call was answered with 1") end).

call_process(Asked, Name) ->
    Pid = spawn_calc(1.0),
    measure(Asked, Name, 1000, fun(Calls) -> expect(sum_process(Calls, Pid, 0.0) == Calls, "each call was answered with 1") end).

call_100_servers(Asked, Name) -> hundred_clients(Asked, Name, fun() -> start_calc(1.0) end, fun sum_server/3).
call_100_processes(Asked, Name) -> hundred_clients(Asked, Name, fun() -> spawn_calc(1.0) end, fun sum_process/3).

hundred_clients(Asked, Name, Start, Sum) ->
    Boss = self(),
    Clients = [begin
                   Pid = Start(),
                   spawn_link(fun() -> client(Boss, Pid, Sum) end)
               end || _ <- lists:seq(1, 100)],
    measure(Asked, Name, 100 * pick(Asked, {10, 100, 100}), fun(Calls) ->
        [Client ! {work, Calls div 100} || Client <- Clients],
        All = lists:sum([receive {done, Client, S} -> S end || Client <- Clients]),
        expect(All == Calls, "each call was answered with 1")
    end).

client(Boss, Pid, Sum) ->
    receive {work, Calls} -> Boss ! {done, self(), Sum(Calls, Pid, 0.0)} end,
    client(Boss, Pid, Sum).

cast_n_server(0, _) -> ok;
cast_n_server(N, Pid) -> server_add(Pid), cast_n_server(N - 1, Pid).
cast_n_process(0, _) -> ok;
cast_n_process(N, Pid) -> process_add(Pid), cast_n_process(N - 1, Pid).

cast_server(Asked, Name) -> one_sender(Asked, Name, start_calc(0.0), fun cast_n_server/2, fun server_view/1).
cast_process(Asked, Name) -> one_sender(Asked, Name, spawn_calc(0.0), fun cast_n_process/2, fun process_view/1).

one_sender(Asked, Name, Pid, Cast, View) ->
    measure(Asked, Name, ?BETWEEN_WAITS, fun(Casts) ->
        Before = View(Pid),
        Cast(Casts, Pid),
        expect(View(Pid) == Before + Casts, "every cast was added")
    end).

cast_4_servers(Asked, Name) -> four_senders(Asked, Name, start_calc(0.0), fun cast_n_server/2, fun server_view/1).
cast_4_processes(Asked, Name) -> four_senders(Asked, Name, spawn_calc(0.0), fun cast_n_process/2, fun process_view/1).

four_senders(Asked, Name, Pid, Cast, View) ->
    Boss = self(),
    Senders = [spawn_link(fun() -> sender(Boss, Pid, Cast, View) end) || _ <- lists:seq(1, 4)],
    measure(Asked, Name, 4 * ?BETWEEN_WAITS, fun(Casts) ->
        Before = View(Pid),
        [Sender ! {work, Casts div 4} || Sender <- Senders],
        collect(4, done),
        expect(View(Pid) == Before + Casts, "every cast was added")
    end).

sender(Boss, Pid, Cast, View) ->
    receive {work, Casts} -> Cast(Casts, Pid), View(Pid), Boss ! done end,
    sender(Boss, Pid, Cast, View).

cast_across_servers(Asked, Name) ->
    across(Asked, Name, start_calc(0.0), fun cast_n_server/2, fun server_mark/1, fun server_view/1).
cast_across_processes(Asked, Name) ->
    across(Asked, Name, spawn_calc(0.0), fun cast_n_process/2, fun process_mark/1, fun process_view/1).

across(Asked, Name, Pid, Cast, Mark, View) ->
    Boss = self(),
    Sender = spawn_link(fun() -> pourer(Boss, Pid, Cast, Mark) end),
    measure(Asked, Name, pick(Asked, {10000, 100000, 100000}), fun(Casts) ->
        Before = View(Pid),
        Sender ! {work, Casts},
        collect(1, done),
        expect(View(Pid) == Before + Casts, "every cast was added")
    end).

pourer(Boss, Pid, Cast, Mark) ->
    receive {work, Casts} -> pour(Casts, Pid, Cast, Mark, 0), Boss ! done end,
    pourer(Boss, Pid, Cast, Mark).

pour(0, _, _, _, Marks) -> collect(Marks, passed);
pour(Casts, Pid, Cast, Mark, 16) -> collect(8, passed), pour(Casts, Pid, Cast, Mark, 8);
pour(Casts, Pid, Cast, Mark, Marks) ->
    Cast(?BETWEEN_WAITS, Pid),
    Mark(Pid),
    pour(Casts - ?BETWEEN_WAITS, Pid, Cast, Mark, Marks + 1).

%% Balls and tokens --------------------------------------------------------------------------------------------------------

player(Referee, Partner) ->
    receive
        {ball, 0} -> Referee ! {dropped, self()};
        {ball, Left} -> Partner ! {ball, Left - 1}
    end,
    player(Referee, Partner).

start_player(Referee) -> spawn_link(fun() -> receive {meet, Partner} -> player(Referee, Partner) end end).

ping_pong(Asked, Name) ->
    First = start_player(self()),
    Second = start_player(self()),
    First ! {meet, Second},
    Second ! {meet, First},
    measure(Asked, Name, pick(Asked, {100, 10000, 10000}), fun(RoundTrips) ->
        First ! {ball, 2 * RoundTrips},
        receive {dropped, By} -> expect(By =:= First, "the ball comes home") end
    end).

pairs(Asked, Name) ->
    Count = pick(Asked, {10, 1000, 1000}),
    Rounds = pick(Asked, {10, 200, 500}),
    First = [begin
                 One = start_player(self()),
                 Other = start_player(self()),
                 One ! {meet, Other},
                 Other ! {meet, One},
                 One
             end || _ <- lists:seq(1, Count)],
    measure(Asked, Name, Count * Rounds, fun(_) ->
        [One ! {ball, 2 * Rounds} || One <- First],
        [receive {dropped, One} -> ok end || One <- First]
    end).

node_loop(Boss, Place, Next) ->
    receive
        {token, 0} -> Boss ! {came_to, Place};
        {token, Left} -> Next ! {token, Left - 1}
    end,
    node_loop(Boss, Place, Next).

ring(Asked, Name, Size) ->
    Boss = self(),
    [First | Rest] = Nodes = [spawn_link(fun() -> receive {follow, Next} -> node_loop(Boss, Place, Next) end end)
                              || Place <- lists:seq(0, Size - 1)],
    lists:foreach(fun({Node, Next}) -> Node ! {follow, Next} end, lists:zip(Nodes, Rest ++ [First])),
    measure(Asked, Name, pick(Asked, {Size + 1, 50001, 200001}), fun(Hops) ->
        First ! {token, Hops},
        receive {came_to, Place} -> expect(Place =:= Hops rem Size, "the token has made each hop") end
    end).

%% Beginnings and ends -----------------------------------------------------------------------------------------------------

spawn_exit(Asked, Name) ->
    measure(Asked, Name, 100, fun(Spawns) ->
        times(Spawns, fun() ->
            {Pid, Ref} = spawn_monitor(fun() -> ok end),
            receive {'DOWN', Ref, process, Pid, Why} -> expect(Why =:= normal, "it ended by itself") end
        end)
    end).

start_stop(Asked, Name) ->
    measure(Asked, Name, 100, fun(Starts) -> times(Starts, fun() -> gen_server:stop(start_calc(0.0)) end) end).

skynet(Asked, Name) ->
    Leaves = pick(Asked, {1000, 100000, 1000000}),
    sky(Leaves div 10),
    Began = now_ns(),
    Sum = sky(Leaves),
    Took = now_ns() - Began,
    expect(Sum =:= Leaves * (Leaves - 1) div 2, "the sum is right"),
    report(Asked, Name, Took / Leaves).

sky(Leaves) ->
    Boss = self(),
    spawn(fun() -> sky_node(Boss, 0, Leaves) end),
    receive {sum, Sum} -> Sum end.

sky_node(Parent, First, 1) -> Parent ! {sum, First};
sky_node(Parent, First, Leaves) ->
    Self = self(),
    Each = Leaves div 10,
    [spawn(fun() -> sky_node(Self, First + I * Each, Each) end) || I <- lists:seq(0, 9)],
    Parent ! {sum, sky_sum(10, 0)}.

sky_sum(0, Sum) -> Sum;
sky_sum(N, Sum) -> receive {sum, Value} -> sky_sum(N - 1, Sum + Value) end.

idle_server(Asked, Name) ->
    memory_of(Asked, Name,
              fun() -> {ok, Pid} = gen_server:start(?MODULE, {calc, 1.0}, []), Pid end,
              fun(Pid) -> expect(server_view(Pid) == 1, "an idle server answers") end).

idle_process(Asked, Name) ->
    memory_of(Asked, Name, fun start_idle/0,
              fun(Pid) -> Pid ! {ask, self()}, receive ready -> ok end end).

start_idle() ->
    Boss = self(),
    Pid = spawn(fun() -> Boss ! ready, receive {ask, Asks} -> Asks ! ready end end),
    receive ready -> Pid end.

%% The processes are kept in a table, so that no growing list is collected in between.
memory_of(Asked, Name, Start, Check) ->
    Count = pick(Asked, {1000, 100000, 1000000}),
    times(100, fun() -> exit(Start(), kill) end),
    All = ets:new(all, [set]),
    [ets:insert(All, {I, self()}) || I <- lists:seq(1, Count)],
    erlang:garbage_collect(),
    Before = resident_bytes(),
    start_into(Count, All, Start),
    With = resident_bytes(),
    [Check(ets:lookup_element(All, I, 2)) || I <- lists:seq(1, Count, Count div 100)],
    report(Asked, Name, "bytes", (With - Before) / Count),
    kill_all(Count, All),
    timer:sleep(pick(Asked, {10, 1000, 1000})),
    report(Asked, Name ++ "_left", "times", resident_bytes() / Before).

start_into(0, _, _) -> ok;
start_into(I, All, Start) -> ets:update_element(All, I, {2, Start()}), start_into(I - 1, All, Start).

kill_all(0, _) -> ok;
kill_all(I, All) ->
    Pid = ets:lookup_element(All, I, 2),
    Ref = monitor(process, Pid),
    exit(Pid, kill),
    receive {'DOWN', Ref, process, Pid, _} -> kill_all(I - 1, All) end.

kill_servers(Asked, Name) -> kill_each(Asked, Name, fun() -> {ok, Pid} = gen_server:start(?MODULE, {calc, 0.0}, []), Pid end).
kill_processes(Asked, Name) -> kill_each(Asked, Name, fun start_idle/0).

kill_each(Asked, Name, Start) ->
    measure_parts(Asked, Name, pick(Asked, {10, 1000, 1000}), fun(Kills) ->
        Victims = [Start() || _ <- lists:seq(1, Kills)],
        Began = now_ns(),
        kill_list(Victims),
        now_ns() - Began
    end).

kill_list([]) -> ok;
kill_list([Victim | Rest]) ->
    Ref = monitor(process, Victim),
    exit(Victim, kill),
    receive {'DOWN', Ref, process, Victim, Why} -> expect(Why =:= killed, "it was killed") end,
    kill_list(Rest).

link_chain(Asked, Name) ->
    measure_parts(Asked, Name, pick(Asked, {10, 1000, 1000}), fun(Links) ->
        First = chained(none),
        Last = chain(Links, First),
        Ref = monitor(process, Last),
        Began = now_ns(),
        exit(First, boom),
        receive {'DOWN', Ref, process, Last, Why} -> expect(Why =:= boom, "the reason reaches the last") end,
        now_ns() - Began
    end).

chain(0, Last) -> Last;
chain(N, Before) -> chain(N - 1, chained(Before)).

chained(Before) ->
    Boss = self(),
    Pid = spawn(fun() -> [link(Before) || is_pid(Before)], Boss ! ready, receive never -> ok end end),
    receive ready -> Pid end.

%% Supervisors -------------------------------------------------------------------------------------------------------------

start_supervisor(Strategy, Children) ->
    Flags = #{strategy => Strategy, intensity => 1000000000, period => 5},
    {ok, Root} = supervisor:start_link(?MODULE, {supervisor, Flags, Children}),
    Root.

name_of(I) -> list_to_atom("calc_" ++ integer_to_list(I)).

kills(Asked, Name, Children, Kills) ->
    Count = pick(Asked, Children),
    Root = start_supervisor(one_for_one, [#{id => name_of(I), start => {?MODULE, start_named, [name_of(I)]}}
                                          || I <- lists:seq(1, Count)]),
    Times = [kill_and_call(name_of(rand:uniform(Count))) || _ <- lists:seq(1, pick(Asked, Kills))],
    report(Asked, Name, quantile(Times, 0.5)),
    report(Asked, Name ++ "_p99", quantile(Times, 0.99)),
    end_supervisor(Root).

kill_and_call(Name) ->
    %% A predecessor would answer 1.
    gen_server:cast(Name, {add, 1}),
    Victim = whereis(Name),
    Began = now_ns(),
    exit(Victim, kill),
    Value = call_until_answered(Name),
    Took = now_ns() - Began,
    expect(Value == 0 andalso whereis(Name) =/= Victim, "a successor answers, with its own state"),
    Took.

call_until_answered(Name) ->
    try gen_server:call(Name, view)
    catch exit:_ -> erlang:yield(), call_until_answered(Name)
    end.

end_supervisor(Root) ->
    unlink(Root),
    Ref = monitor(process, Root),
    exit(Root, kill),
    receive {'DOWN', Ref, process, Root, _} -> ok end.

one_for_all(Asked, Name) ->
    Count = pick(Asked, {10, 1000, 1000}),
    Boss = fun(Count0) when Count0 =:= Count -> self(); (_) -> none end,
    Root = start_supervisor(one_for_all, [#{id => name_of(I), start => {?MODULE, start_reporting, [name_of(I), Boss(I)]}}
                                          || I <- lists:seq(1, Count)]),
    receive started -> ok end,
    measure_parts(Asked, Name, 1, fun(1) ->
        Victim = whereis(calc_1),
        Middle = whereis(calc_5),
        Began = now_ns(),
        exit(Victim, kill),
        receive started -> ok end,
        Took = now_ns() - Began,
        {active, Active} = lists:keyfind(active, 1, supervisor:count_children(Root)),
        expect(Active =:= Count, "all are back"),
        expect(whereis(calc_5) =/= Middle andalso server_view(calc_5) == 0, "the others are new as well"),
        Took
    end).

tree(Asked, Name) ->
    Workers = pick(Asked, {10, 1000, 1000}),
    Flags = #{strategy => one_for_one, intensity => 1, period => 5},
    Pool = [#{id => I, start => {?MODULE, start_plain, [float(I)]}} || I <- lists:seq(1, Workers)],
    grow_and_fell(Asked, Name, Workers, fun() ->
        supervisor:start_link(?MODULE, {supervisor, Flags, [
            #{id => I, type => supervisor, start => {supervisor, start_link, [?MODULE, {supervisor, Flags, Pool}]}}
            || I <- lists:seq(1, pick(Asked, {2, 100, 100}))]})
    end).

%% The same tree with pools that know nothing of their children but their number.
simple_tree(Asked, Name) ->
    Workers = pick(Asked, {10, 1000, 1000}),
    Flags = #{strategy => one_for_one, intensity => 1, period => 5},
    Simple = Flags#{strategy := simple_one_for_one},
    grow_and_fell(Asked, Name, Workers, fun() ->
        {ok, Root} = supervisor:start_link(?MODULE, {supervisor, Flags, [
            #{id => I, type => supervisor, start => {supervisor, start_link, [?MODULE, {supervisor, Simple, [
                #{id => worker, start => {?MODULE, start_plain, []}}]}]}}
            || I <- lists:seq(1, pick(Asked, {2, 100, 100}))]}),
        [{ok, _} = supervisor:start_child(Pool, [float(I)])
         || {_, Pool, _, _} <- supervisor:which_children(Root), I <- lists:seq(1, Workers)],
        {ok, Root}
    end).

grow_and_fell(Asked, Name, Workers, Grow) ->
    Pools = pick(Asked, {2, 100, 100}),
    Began = now_ns(),
    {ok, Root} = Grow(),
    report(Asked, Name ++ "_start", (now_ns() - Began) / (Pools * Workers)),
    All = supervisor:which_children(Root),
    expect(length(All) =:= Pools, "all pools are there"),
    [{_, One, _, _} | _] = Children = supervisor:which_children(element(2, hd(All))),
    expect(length(Children) =:= Workers, "all workers are there"),
    expect(server_view(One) >= 1, "one of them answers"),
    process_flag(trap_exit, true),
    Ref = monitor(process, Root),
    Fells = now_ns(),
    exit(Root, shutdown),
    receive {'DOWN', Ref, process, Root, Why} -> expect(Why =:= shutdown, "the root was shut down") end,
    report(Asked, Name ++ "_stop", (now_ns() - Fells) / (Pools * Workers)),
    expect(not is_process_alive(One), "nobody is left").

under_many(Asked, Name, What) ->
    Count = pick(Asked, {100, 100000, 100000}),
    Child = fun(Id) -> #{id => Id, start => {?MODULE, start_plain, [0.0]}, restart => temporary} end,
    Root = start_supervisor(one_for_one, [Child({old, I}) || I <- lists:seq(1, Count)]),
    measure_parts(Asked, Name, pick(Asked, {10, 20, 100}), fun(Operations) ->
        Ids = [{new, I} || I <- lists:seq(1, Operations)],
        Began = now_ns(),
        [{ok, _} = supervisor:start_child(Root, Child(Id)) || Id <- Ids],
        Between = now_ns(),
        [ok = supervisor:terminate_child(Root, Id) || Id <- Ids],
        part(What, Began, Between, now_ns())
    end).

under_many_simple(Asked, Name, What) ->
    Count = pick(Asked, {100, 100000, 100000}),
    Root = start_supervisor(simple_one_for_one, [#{id => worker, start => {?MODULE, start_plain, [0.0]}, restart => temporary}]),
    times(Count, fun() -> {ok, _} = supervisor:start_child(Root, []) end),
    measure_parts(Asked, Name, pick(Asked, {10, 100, 1000}), fun(Operations) ->
        Began = now_ns(),
        New = [begin {ok, Pid} = supervisor:start_child(Root, []), Pid end || _ <- lists:seq(1, Operations)],
        Between = now_ns(),
        [ok = supervisor:terminate_child(Root, Pid) || Pid <- New],
        part(What, Began, Between, now_ns())
    end).

part(start, Began, Between, _) -> Between - Began;
part(terminate, _, Between, Ended) -> Ended - Between.

%% Queues ------------------------------------------------------------------------------------------------------------------

fill_queue(Asked) -> [self() ! {item, 0} || _ <- lists:seq(1, pick(Asked, {100, 10000, 10000}))].

selective_guard(Asked, Name) ->
    fill_queue(Asked),
    measure(Asked, Name, 10, fun by_guard/1).

by_guard(0) -> ok;
by_guard(Number) ->
    self() ! {item, Number},
    receive {item, Got} when Got =:= Number -> by_guard(Number - 1) end.

selective_reference_server(Asked, Name) ->
    fill_queue(Asked),
    call_server(Asked, Name).

selective_reference_process(Asked, Name) ->
    fill_queue(Asked),
    call_process(Asked, Name).

%% Time --------------------------------------------------------------------------------------------------------------------

timers(Asked, Name) ->
    Count = pick(Asked, {1000, 100000, 1000000}),
    All = list_to_tuple([3600000 + rand:uniform(3600000) || _ <- lists:seq(1, Count)]),
    erlang:garbage_collect(),
    Before = resident_bytes(),
    Began = now_ns(),
    References = start_timers(Count, All, []),
    report(Asked, Name ++ "_start", (now_ns() - Began) / Count),
    erlang:garbage_collect(),
    report(Asked, Name ++ "_bytes", "bytes", (resident_bytes() - Before) / Count),
    Shuffled = [Reference || {_, Reference} <- lists:sort([{rand:uniform(), Reference} || Reference <- References])],
    Cancels = now_ns(),
    Pending = cancel_timers(Shuffled, 0),
    report(Asked, Name ++ "_cancel", (now_ns() - Cancels) / Count),
    expect(Pending =:= Count, "each timer was pending until it was cancelled").

start_timers(0, _, References) -> References;
start_timers(I, Times, References) ->
    start_timers(I - 1, Times, [erlang:send_after(element(I, Times), self(), tick) | References]).

cancel_timers([], Pending) -> Pending;
cancel_timers([Reference | Rest], Pending) ->
    case erlang:cancel_timer(Reference) of
        Left when Left > 3000000 -> cancel_timers(Rest, Pending + 1);
        _ -> cancel_timers(Rest, Pending)
    end.

%% Erlang's timers count whole milliseconds, so that is what is asked of them.
timer_lateness(Asked, Name) ->
    Count = pick(Asked, {100, 10000, 10000}),
    Within = pick(Asked, {5, 500, 1000}),
    [begin
         Time = rand:uniform(Within),
         erlang:send_after(Time, self(), {due, now_ns() + Time * 1000000})
     end || _ <- lists:seq(1, Count)],
    Late = [receive {due, Deadline} -> now_ns() - Deadline end || _ <- lists:seq(1, Count)],
    expect(lists:min(Late) >= 0, "no timer is early"),
    report(Asked, Name, quantile(Late, 0.5)),
    report(Asked, Name ++ "_p99", quantile(Late, 0.99)).

idle_cpu(Asked, Name) ->
    idle(Asked, Name, fun() -> start_calc(1.0) end, fun(Pid) -> expect(server_view(Pid) == 1, "they are still there") end).

idle_cpu_processes(Asked, Name) ->
    idle(Asked, Name, fun start_idle/0, fun(Pid) -> Pid ! {ask, self()}, receive ready -> ok end end).

idle(Asked, Name, Start, Check) ->
    All = [Start() || _ <- lists:seq(1, pick(Asked, {100, 100000, 100000}))],
    timer:sleep(pick(Asked, {1, 100, 200})),
    Time = pick(Asked, {10, 5000, 5000}),
    Before = cpu_time(),
    timer:sleep(Time),
    Used = cpu_time() - Before,
    Check(hd(All)),
    report(Asked, Name, Used * 5000 / Time).
