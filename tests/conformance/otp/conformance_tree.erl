%% Builds supervisors from a tree file, and tells the recorder of every start.
-module(conformance_tree).
-behaviour(supervisor).

-export([start_root/1, child_spec/2, start_child/2]).
-export([init/1]).

-spec start_root(map()) -> {ok, pid()} | {error, term()}.
start_root(#{<<"id">> := Id} = Tree) -> start_child(Id, Tree#{<<"type">> => <<"supervisor">>}).

%% Only the keys that the file has are given, so that the defaults are OTP's own.
-spec child_spec(binary(), map()) -> supervisor:child_spec().
child_spec(SupervisorPath, #{<<"id">> := Id} = Child) ->
    Path = <<SupervisorPath/binary, "/", Id/binary>>,
    Given = fun(Key, {Name, Convert}, Spec) ->
        case Child of
            #{Key := Value} -> Spec#{Name => Convert(Value)};
            _ -> Spec
        end
    end,
    maps:fold(Given, #{id => Id, start => {?MODULE, start_child, [Path, Child]}}, #{
        <<"type">> => {type, fun binary_to_atom/1},
        <<"restart">> => {restart, fun binary_to_atom/1},
        <<"shutdown">> => {shutdown, fun shutdown/1},
        <<"significant">> => {significant, fun(Value) -> Value end}
    }).

shutdown(Milliseconds) when is_integer(Milliseconds) -> Milliseconds;
shutdown(Name) -> binary_to_atom(Name).

%% Runs in the supervisor, as start functions do.
start_child(Path, Child) ->
    Result = start_process(Path, Child),
    case Result of
        {ok, Pid} -> conformance_recorder:record({started, Pid, Path, kind(Child)});
        ignore -> ok;
        {error, Reason} -> conformance_recorder:record({start_failed, Path, Reason})
    end,
    Result.

start_process(Path, Child) ->
    case kind(Child) of
        supervisor -> supervisor:start_link(?MODULE, {Path, Child});
        Kind -> conformance_worker:start_link(Path, Kind, maps:get(<<"args">>, Child, #{}))
    end.

kind(#{<<"type">> := <<"supervisor">>}) -> supervisor;
kind(#{<<"start">> := Kind}) -> binary_to_existing_atom(Kind).

init({Path, Supervisor}) ->
    conformance_worker:fail_if_told(Path),
    Given = fun(Key, {Name, Convert}, Flags) ->
        case Supervisor of
            #{Key := Value} -> Flags#{Name => Convert(Value)};
            _ -> Flags
        end
    end,
    Flags = maps:fold(Given, #{}, #{
        <<"strategy">> => {strategy, fun binary_to_atom/1},
        <<"max_restarts">> => {intensity, fun(Value) -> Value end},
        <<"max_seconds">> => {period, fun(Value) -> Value end},
        <<"auto_shutdown">> => {auto_shutdown, fun binary_to_atom/1}
    }),
    {ok, {Flags, [child_spec(Path, Child) || Child <- maps:get(<<"children">>, Supervisor, [])]}}.
