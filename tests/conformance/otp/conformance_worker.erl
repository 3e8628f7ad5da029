%% The workers of the comparison. What each does is told in README.md; workers.cpp has the same in C++.
-module(conformance_worker).
-behaviour(gen_server).

-export([start_link/3, set_failures/2, clear_failures/0, fail_if_told/1, send/3, view/1, crash/2]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).
-export([stubborn/2]).

-type kind() :: calc | trapper | stubborn | ignorer | bad_terminate | loner.

-spec start_link(binary(), kind(), map()) -> {ok, pid()} | ignore | {error, term()}.
start_link(Path, stubborn, _Args) -> proc_lib:start_link(?MODULE, stubborn, [self(), Path]);
start_link(Path, Kind, Args) -> gen_server:start_link(?MODULE, {Path, Kind, Args}, []).

%% How many of the next starts of a path fail; 0 clears it.
set_failures(Path, 0) -> ets:delete(?MODULE, Path);
set_failures(Path, Count) -> ets:insert(?MODULE, {Path, Count}).

clear_failures() ->
    case ets:whereis(?MODULE) of
        undefined -> ets:new(?MODULE, [named_table, public]);
        _ -> ets:delete_all_objects(?MODULE)
    end.

%% Called in the init of each process, worker or supervisor.
-spec fail_if_told(binary()) -> ok.
fail_if_told(Path) ->
    case ets:lookup(?MODULE, Path) of
        [{Path, Left}] ->
            set_failures(Path, Left - 1),
            exit(injected);
        [] ->
            ok
    end.

send(Pid, Operation, Number) -> gen_server:cast(Pid, {Operation, Number}).

view(Pid) -> gen_server:call(Pid, view, infinity).

%% The process itself ends with this reason.
crash(Pid, Reason) -> gen_server:cast(Pid, {crash, Reason}).

init({Path, Kind, Args}) ->
    fail_if_told(Path),
    start(Kind, Args).

start(calc, Args) ->
    {ok, {calc, maps:get(<<"initial">>, Args, 0)}};
start(trapper, #{<<"stop_after_ms">> := Milliseconds}) ->
    process_flag(trap_exit, true),
    {ok, {trapper, Milliseconds}};
start(bad_terminate, _Args) ->
    process_flag(trap_exit, true),
    {ok, bad_terminate};
start(loner, _Args) ->
    [Supervisor | _] = get('$ancestors'),
    unlink(Supervisor),
    monitor(process, Supervisor),
    {ok, loner};
start(ignorer, _Args) ->
    ignore.

handle_call(view, _From, {calc, Value}) -> {reply, Value, {calc, Value}};
handle_call(view, _From, State) -> {reply, 0, State}.

handle_cast({crash, Reason}, _State) -> exit(Reason);
handle_cast({Operation, Number}, {calc, Value}) -> {noreply, {calc, calculate(Operation, Value, Number)}};
handle_cast(_Message, State) -> {noreply, State}.

calculate(<<"add">>, Value, Number) -> Value + Number;
calculate(<<"sub">>, Value, Number) -> Value - Number;
calculate(<<"mult">>, Value, Number) -> Value * Number;
calculate(<<"div">>, Value, Number) -> Value / Number.

%% A loner has no link that would end it with its supervisor.
handle_info({'DOWN', _Ref, process, _Supervisor, Reason}, loner) -> {stop, Reason, loner};
handle_info(_Message, State) -> {noreply, State}.

terminate(_Reason, {trapper, Milliseconds}) -> timer:sleep(Milliseconds);
terminate(_Reason, bad_terminate) -> exit(bad_terminate);
terminate(_Reason, _State) -> ok.

%% No gen_server: one of those obeys its parent always.
stubborn(Supervisor, Path) ->
    try fail_if_told(Path) of
        ok ->
            process_flag(trap_exit, true),
            proc_lib:init_ack({ok, self()}),
            stubborn_loop(Supervisor)
    catch
        exit:Reason ->
            proc_lib:init_ack({error, Reason}),
            exit(Reason)
    end.

stubborn_loop(Supervisor) ->
    receive
        {'EXIT', Supervisor, Reason} when Reason =/= shutdown -> exit(Reason);
        {'$gen_cast', {crash, Reason}} -> exit(Reason);
        {'$gen_call', From, view} -> gen_server:reply(From, 0);
        {system, From, get_state} -> gen_server:reply(From, {ok, stubborn});
        _ -> ignored
    end,
    stubborn_loop(Supervisor).
