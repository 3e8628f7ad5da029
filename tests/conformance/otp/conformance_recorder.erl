%% Gathers what happens in the tree, in the order of happening.
%%
%% Ends are seen by tracing: the emulator notes an exit when a process begins to end, before any link or monitor hears
%% of it. Starts are told by the start functions, give-ups by the supervisor's own report, which logger hands over in the
%% process that makes it. All carry strictly monotonic time stamps of one clock, and take/0 sorts by them.
-module(conformance_recorder).

-export([start/0, trace/1, record/1, take/0]).
-export([log/2]).

-spec start() -> ok.
start() ->
    Self = self(),
    Pid = spawn_link(fun() ->
        register(?MODULE, self()),
        Self ! {self(), ready},
        loop([])
    end),
    receive {Pid, ready} -> ok end,
    ok = logger:set_primary_config(level, error),
    [ok = logger:remove_handler(Id) || Id <- logger:get_handler_ids()],
    ok = logger:add_handler(?MODULE, ?MODULE, #{}).

%% Ends of this process and of all that descend from it are recorded from now on.
-spec trace(pid()) -> ok.
trace(Pid) ->
    1 = erlang:trace(Pid, true, [procs, set_on_spawn, strict_monotonic_timestamp, {tracer, whereis(?MODULE)}]),
    ok.

-spec record(term()) -> ok.
record(Event) ->
    ?MODULE ! {recorded, {erlang:monotonic_time(), erlang:unique_integer([monotonic])}, Event},
    ok.

%% All that was recorded since the last call: {exited, Pid, Reason}, {restart_limit, Pid}, and what record/1 was given.
-spec take() -> [term()].
take() ->
    Delivered = erlang:trace_delivered(all),
    receive {trace_delivered, all, Delivered} -> ok end,
    Tag = make_ref(),
    ?MODULE ! {take, self(), Tag},
    receive {Tag, Events} -> [Event || {_Time, Event} <- lists:sort(Events)] end.

loop(Events) ->
    receive
        {trace_ts, Pid, exit, Reason, Time} -> loop([{Time, {exited, Pid, Reason}} | Events]);
        {recorded, Time, Event} -> loop([{Time, Event} | Events]);
        {take, From, Tag} ->
            From ! {Tag, Events},
            loop([]);
        _ -> loop(Events)
    end.

%% A handler of logger.
log(#{msg := {report, #{label := {supervisor, shutdown}, report := Report}}}, _Config) ->
    case lists:keyfind(reason, 1, Report) of
        {reason, reached_max_restart_intensity} -> record({restart_limit, self()});
        _ -> ok
    end;
log(_Event, _Config) ->
    ok.
