%% Runs scenarios on OTP's own `supervisor` and writes the traces that the contract of scripted runs asks for.
%%
%%     erl -noshell -pa BEAMS -s conformance_run main -extra LIST    each line of the file LIST names a folder with
%%         tree.json and script.json; the trace goes to otp.jsonl in it
-module(conformance_run).

-export([main/0]).

-define(PATIENCE_MS, 60000).

-record(run, {
    file,
    keeper,                 % the root's parent
    root,                   % its path
    alive = #{},            % pid => {path, incarnation, kind}
    ended = #{},            % the same of those that are no more
    pids = #{},             % path => pid, of the living
    incarnations = #{},     % path => how often it started
    waiting = []            % events that no step has printed
}).

main() ->
    try
        [List] = init:get_plain_arguments(),
        {ok, Lines} = file:read_file(List),
        conformance_clock:install(),
        conformance_recorder:start(),
        [scenario(Folder) || Folder <- binary:split(Lines, <<"\n">>, [global, trim_all])]
    of
        _ -> erlang:halt(0)
    catch
        Class:Reason:Stack ->
            io:format(standard_error, "otp_run: ~p: ~p~n~p~n", [Class, Reason, Stack]),
            erlang:halt(2)
    end.

scenario(Folder) ->
    {Driver, Monitor} = spawn_monitor(fun() -> run(Folder) end),
    receive
        {'DOWN', Monitor, process, Driver, normal} -> ok;
        {'DOWN', Monitor, process, Driver, Reason} -> error({scenario, Folder, Reason})
    after 10 * ?PATIENCE_MS -> error({scenario, Folder, hangs})
    end.

run(Folder) ->
    Tree = read(Folder, <<"tree.json">>),
    Script = read(Folder, <<"script.json">>),
    {ok, File} = file:open(filename:join(Folder, <<"otp.jsonl">>), [write, raw, delayed_write]),
    conformance_clock:reset(),
    conformance_worker:clear_failures(),
    Keeper = spawn_keeper(),
    conformance_recorder:trace(Keeper),
    Keeper ! {start, self(), Tree},
    receive {Keeper, {ok, _Root}} -> ok end,
    Started = finish_step(0, none, #run{file = File, keeper = Keeper, root = maps:get(<<"id">>, Tree)}),
    Numbered = lists:zip(lists:seq(1, length(Script)), Script),
    Last = lists:foldl(fun({Number, Step}, Run) -> step(Number, Step, Run) end, Started, Numbered),
    Keeper ! {stop, self()},
    receive {Keeper, stopped} -> ok end,
    print(settle(Last)),
    write(File, #{event => done}),
    ok = file:close(File).

read(Folder, Name) ->
    {ok, Text} = file:read_file(filename:join(Folder, Name)),
    conformance_json:decode(Text).

%% The root's parent. It is no process of the script's, so that exit signals come from a stranger.
spawn_keeper() ->
    spawn_link(fun() ->
        process_flag(trap_exit, true),
        {Driver, Tree} = receive {start, From, What} -> {From, What} end,
        {ok, Root} = Result = conformance_tree:start_root(Tree),
        Driver ! {self(), Result},
        receive {stop, Driver} -> ok end,
        Monitor = monitor(process, Root),
        exit(Root, shutdown),
        receive {'DOWN', Monitor, process, Root, _} -> ok end,
        unlink(Driver),
        Driver ! {self(), stopped}
    end).

%% --- steps ---

step(Number, Step, #run{root = Root, pids = Pids} = Run) when is_map_key(Root, Pids) ->
    finish_step(Number, perform(Step, Run), Run);
step(Number, _Step, Run) ->
    finish_step(Number, {error, noproc}, Run).

%% Gives none, {ok, Members} or {error, Code} or {error, Code, Members}. A pid in them is named when the events are known.
perform(#{<<"do">> := <<"exit">>, <<"target">> := Path, <<"reason">> := Reason}, Run) ->
    with_process(Path, Run, fun(Pid, _Kind) ->
        exit(Pid, reason(Reason)),
        none
    end);
perform(#{<<"do">> := <<"crash">>, <<"target">> := Path, <<"reason">> := Reason}, Run) ->
    with_process(Path, Run, fun
        (Pid, supervisor) ->
            gen_server:stop(Pid, reason(Reason), infinity),
            none;
        (Pid, _Kind) ->
            conformance_worker:crash(Pid, reason(Reason)),
            none
    end);
perform(#{<<"do">> := <<"send">>, <<"target">> := Path, <<"message">> := Message}, Run) ->
    [{Operation, Number}] = maps:to_list(Message),
    with_process(Path, Run, fun(Pid, _Kind) ->
        conformance_worker:send(Pid, Operation, Number),
        none
    end);
perform(#{<<"do">> := <<"view">>, <<"target">> := Path}, Run) ->
    with_process(Path, Run, fun(Pid, _Kind) -> {ok, [{value, conformance_worker:view(Pid)}]} end);
perform(#{<<"do">> := <<"terminate_child">>, <<"supervisor">> := Path, <<"id">> := Id}, Run) ->
    with_supervisor(Path, Run, fun(Pid) -> done(supervisor:terminate_child(Pid, Id)) end);
perform(#{<<"do">> := <<"delete_child">>, <<"supervisor">> := Path, <<"id">> := Id}, Run) ->
    with_supervisor(Path, Run, fun(Pid) -> done(supervisor:delete_child(Pid, Id)) end);
perform(#{<<"do">> := <<"restart_child">>, <<"supervisor">> := Path, <<"id">> := Id}, Run) ->
    with_supervisor(Path, Run, fun(Pid) -> started(supervisor:restart_child(Pid, Id)) end);
perform(#{<<"do">> := <<"start_child">>, <<"supervisor">> := Path, <<"spec">> := Spec}, Run) ->
    with_supervisor(Path, Run, fun(Pid) ->
        case supervisor:start_child(Pid, conformance_tree:child_spec(Path, Spec)) of
            {error, {Reason, Child}} when element(1, Child) =:= child -> started({error, Reason});
            {error, {already_started, _}} -> {error, already_started};
            {error, already_present} -> {error, already_present};
            {error, {bad_combination, _}} -> {error, bad_combination};
            Other -> started(Other)
        end
    end);
perform(#{<<"do">> := <<"which_children">>, <<"supervisor">> := Path}, Run) ->
    with_supervisor(Path, Run, fun(Pid) ->
        {ok, [{value, [
            #{id => Id, type => Type, state => state(Child)}
         || {Id, Child, Type, _Modules} <- supervisor:which_children(Pid)
        ]}]}
    end);
perform(#{<<"do">> := <<"count_children">>, <<"supervisor">> := Path}, Run) ->
    with_supervisor(Path, Run, fun(Pid) -> {ok, [{value, maps:from_list(supervisor:count_children(Pid))}]} end);
perform(#{<<"do">> := <<"fail_next_starts">>, <<"target">> := Path, <<"count">> := Count}, _Run) ->
    conformance_worker:set_failures(Path, Count),
    none;
perform(#{<<"do">> := <<"advance">>, <<"ms">> := Milliseconds}, _Run) ->
    conformance_clock:advance(Milliseconds),
    none.

with_process(Path, #run{pids = Pids, alive = Alive}, Do) ->
    case Pids of
        #{Path := Pid} ->
            {_, _, Kind} = maps:get(Pid, Alive),
            Do(Pid, Kind);
        _ ->
            {error, noproc}
    end.

with_supervisor(Path, Run, Do) ->
    with_process(Path, Run, fun
        (Pid, supervisor) -> Do(Pid);
        (_Pid, _Kind) -> {error, noproc}
    end).

done(ok) -> {ok, []};
done({error, Code}) -> {error, Code}.

started({ok, undefined}) -> {ok, []};
started({ok, Pid}) -> {ok, [{value, Pid}]};
started({error, Code}) when Code =:= running; Code =:= restarting; Code =:= not_found -> {error, Code};
started({error, Reason}) -> {error, start_failed, [{reason, text(Reason)}]}.

state(Pid) when is_pid(Pid) -> running;
state(Other) -> Other.

%% Only this one string is a tuple.
reason(<<"{shutdown,x}">>) -> {shutdown, x};
reason(Text) -> binary_to_atom(Text).

finish_step(Number, Result, Run) ->
    Settled = settle(Run),
    Printed = print(Settled),
    case result(Result, Printed) of
        none -> ok;
        Members -> write(Run#run.file, maps:from_list([{event, result}, {step, Number} | Members]))
    end,
    Alive = maps:from_list([{Path, Incarnation} || {Path, Incarnation, _} <- maps:values(Printed#run.alive)]),
    write(Run#run.file, #{event => idle, step => Number, alive => Alive}),
    Printed#run{ended = #{}}.

result(none, _Run) -> none;
result({ok, [{value, Pid}]}, #run{alive = Alive, ended = Ended}) when is_pid(Pid) ->
    {Path, Incarnation, _} = maps:get(Pid, maps:merge(Ended, Alive)),
    [{ok, true}, {value, #{path => Path, incarnation => Incarnation}}];
result({ok, Members}, _Run) -> [{ok, true} | Members];
result({error, Code}, _Run) -> [{error, Code}];
result({error, Code, Members}, _Run) -> [{error, Code} | Members].

%% --- quiescence ---

%% A round asks every living process for a sign of life, which none gives before it has done what it was asked earlier,
%% nor while it waits for a child to end. A supervisor that failed to restart a child has sent itself a message to try
%% again, which may lie behind the first round's question but never behind the second's. So the tree is quiescent after
%% two rounds in a row without an event, if there is no orphan about to end and nothing in any queue.
settle(Run) -> settle(Run, 0, erlang:monotonic_time(millisecond) + ?PATIENCE_MS).

settle(Run, 2, _Deadline) -> Run;
settle(Run, CleanRounds, Deadline) ->
    erlang:monotonic_time(millisecond) < Deadline orelse error({not_quiescent, maps:keys(Run#run.pids)}),
    ask(maps:keys(Run#run.alive) ++ maps:keys(Run#run.ended)),
    case conformance_recorder:take() of
        [] ->
            case at_rest(Run) of
                true -> settle(Run, CleanRounds + 1, Deadline);
                false -> settle(Run, 0, Deadline)
            end;
        Events ->
            settle(lists:foldl(fun note/2, Run, Events), 0, Deadline)
    end.

%% The ended are asked too: that waits until the last of them has left altogether.
ask(Pids) ->
    Asked = [{Pid, monitor(process, Pid)} || Pid <- Pids],
    [Pid ! {system, {self(), Monitor}, get_state} || {Pid, Monitor} <- Asked],
    [
        receive
            {Monitor, _State} -> demonitor(Monitor, [flush]);
            {'DOWN', Monitor, process, Pid, _} -> is_process_alive(Pid)
        after ?PATIENCE_MS -> error({no_sign_of_life, Pid})
        end
     || {Pid, Monitor} <- Asked
    ].

at_rest(#run{alive = Alive, pids = Pids, root = Root}) ->
    lists:all(
        fun({Pid, {Path, _, _}}) ->
            (Path =:= Root orelse is_map_key(filename:dirname(Path), Pids)) andalso
                process_info(Pid, message_queue_len) =:= {message_queue_len, 0}
        end,
        maps:to_list(Alive)
    ).

note({started, Pid, Path, Kind}, #run{alive = Alive, pids = Pids, incarnations = Incarnations} = Run) ->
    Incarnation = maps:get(Path, Incarnations, 0) + 1,
    queue(started, [{path, Path}, {incarnation, Incarnation}], Run#run{
        alive = Alive#{Pid => {Path, Incarnation, Kind}},
        pids = Pids#{Path => Pid},
        incarnations = Incarnations#{Path => Incarnation}
    });
note({start_failed, Path, Reason}, Run) ->
    queue(start_failed, [{path, Path}, {reason, text(Reason)}], Run);
note({exited, Pid, Reason}, #run{alive = Alive, ended = Ended, pids = Pids} = Run) ->
    case Alive of
        #{Pid := {Path, Incarnation, _} = Process} ->
            LivingPids =
                case Pids of
                    #{Path := Pid} -> maps:remove(Path, Pids);
                    _ -> Pids
                end,
            queue(exited, [{path, Path}, {incarnation, Incarnation}, {reason, text(Reason)}], Run#run{
                alive = maps:remove(Pid, Alive), ended = Ended#{Pid => Process}, pids = LivingPids
            });
        %% It failed in its start, or it is the root's parent.
        _ ->
            Run
    end;
note({restart_limit, Pid}, #run{alive = Alive} = Run) ->
    {Path, _, _} = maps:get(Pid, Alive),
    queue(restart_limit, [{path, Path}], Run).

queue(Event, Members, #run{waiting = Waiting} = Run) ->
    Run#run{waiting = [maps:from_list([{event, Event} | Members]) | Waiting]}.

print(#run{file = File, waiting = Waiting} = Run) ->
    [write(File, Event) || Event <- lists:reverse(Waiting)],
    Run#run{waiting = []}.

write(File, Event) -> ok = file:write(File, [conformance_json:encode(with_binary_keys(Event)), $\n]).

with_binary_keys(Map) when is_map(Map) ->
    maps:from_list([{name(Key), with_binary_keys(Value)} || {Key, Value} <- maps:to_list(Map)]);
with_binary_keys(List) when is_list(List) -> [with_binary_keys(Item) || Item <- List];
with_binary_keys(Value) -> Value.

name(Key) when is_atom(Key) -> atom_to_binary(Key);
name(Key) -> Key.

%% A reason in Erlang notation without quotes and blanks; an error without its stack trace.
text(Reason) -> iolist_to_binary(notation(Reason)).

notation({Error, [{_, _, _, _} | _]}) -> notation(Error);
notation(Atom) when is_atom(Atom) -> atom_to_binary(Atom);
notation(Id) when is_binary(Id) -> Id;
notation(Tuple) when is_tuple(Tuple) -> [${, lists:join($,, [notation(Part) || Part <- tuple_to_list(Tuple)]), $}].
