%% Virtual time, and an OTP `supervisor` that reads it.
%%
%% The restart budget is the one place where a supervisor asks what time it is. install/0 takes the abstract code that
%% the machine's own supervisor.beam carries, puts a call of seconds/0 in the place of `erlang:monotonic_time(1)`, and
%% loads the result. Nothing else of it is touched, and it stays in memory.
-module(conformance_clock).

-export([install/0, reset/0, advance/1, seconds/0]).

-spec install() -> ok.
install() ->
    persistent_term:put(?MODULE, atomics:new(1, [])),
    {supervisor, Beam, File} = code:get_object_code(supervisor),
    {ok, {supervisor, [{abstract_code, {raw_abstract_v1, Forms}}]}} = beam_lib:chunks(Beam, [abstract_code]),
    {Patched, Replaced} = replace(Forms, 0),
    Replaced =:= 1 orelse error({calls_of_the_clock_in_supervisor, Replaced, expected, 1}),
    {ok, supervisor, Binary} = compile:forms(Patched, []),
    code:unstick_mod(supervisor),
    {module, supervisor} = code:load_binary(supervisor, File, Binary),
    ok.

-spec reset() -> ok.
reset() -> atomics:put(persistent_term:get(?MODULE), 1, 0).

-spec advance(non_neg_integer()) -> ok.
advance(Milliseconds) -> atomics:add(persistent_term:get(?MODULE), 1, Milliseconds).

%% Whole seconds, as `erlang:monotonic_time(1)` gives them.
-spec seconds() -> integer().
seconds() -> atomics:get(persistent_term:get(?MODULE), 1) div 1000.

replace({call, Line, {remote, _, {atom, _, erlang}, {atom, _, monotonic_time}}, [{integer, _, 1}]}, Count) ->
    {{call, Line, {remote, Line, {atom, Line, ?MODULE}, {atom, Line, seconds}}, []}, Count + 1};
replace(Form, Count) when is_tuple(Form) ->
    {Parts, NewCount} = lists:mapfoldl(fun replace/2, Count, tuple_to_list(Form)),
    {list_to_tuple(Parts), NewCount};
replace([Head | Tail], Count) ->
    {NewHead, HeadCount} = replace(Head, Count),
    {NewTail, NewCount} = replace(Tail, HeadCount),
    {[NewHead | NewTail], NewCount};
replace(Form, Count) ->
    {Form, Count}.
