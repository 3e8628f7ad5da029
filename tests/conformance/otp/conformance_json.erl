%% JSON for the driver: OTP 25 brings none.
%%
%% An object is a map with binary keys, an array a list, a string a binary; true, false and null are atoms.
-module(conformance_json).

-export([decode/1, encode/1]).

-spec decode(binary()) -> term().
decode(Text) ->
    {Value, Rest} = value(blank(Text)),
    case blank(Rest) of
        <<>> -> Value;
        Left -> error({trailing_text, Left})
    end.

-spec encode(term()) -> iodata().
encode(Value) when Value =:= true; Value =:= false; Value =:= null -> atom_to_binary(Value);
encode(Value) when is_atom(Value) -> encode(atom_to_binary(Value));
encode(Value) when is_integer(Value) -> integer_to_binary(Value);
encode(Value) when is_float(Value) -> float_to_binary(Value, [short]);
encode(Value) when is_binary(Value) -> [$", [escape(Char) || <<Char>> <= Value], $"];
encode(Value) when is_list(Value) -> [$[, lists:join($,, [encode(Item) || Item <- Value]), $]];
encode(Value) when is_map(Value) ->
    Members = [[encode(Key), $:, encode(Item)] || {Key, Item} <- lists:sort(maps:to_list(Value))],
    [${, lists:join($,, Members), $}].

escape($") -> "\\\"";
escape($\\) -> "\\\\";
escape(Char) when Char < 32 -> io_lib:format("\\u~4.16.0b", [Char]);
escape(Char) -> Char.

value(<<"{", Rest/binary>>) -> object(blank(Rest), #{});
value(<<"[", Rest/binary>>) -> array(blank(Rest), []);
value(<<"\"", Rest/binary>>) -> string(Rest, <<>>);
value(<<"true", Rest/binary>>) -> {true, Rest};
value(<<"false", Rest/binary>>) -> {false, Rest};
value(<<"null", Rest/binary>>) -> {null, Rest};
value(Text) -> number(Text).

object(<<"}", Rest/binary>>, Members) -> {Members, Rest};
object(<<"\"", Text/binary>>, Members) ->
    {Key, AfterKey} = string(Text, <<>>),
    <<":", AfterColon/binary>> = blank(AfterKey),
    {Value, AfterValue} = value(blank(AfterColon)),
    case blank(AfterValue) of
        <<",", Rest/binary>> -> object(blank(Rest), Members#{Key => Value});
        <<"}", Rest/binary>> -> {Members#{Key => Value}, Rest}
    end.

array(<<"]", Rest/binary>>, []) -> {[], Rest};
array(Text, Items) ->
    {Item, AfterItem} = value(Text),
    case blank(AfterItem) of
        <<",", Rest/binary>> -> array(blank(Rest), [Item | Items]);
        <<"]", Rest/binary>> -> {lists:reverse([Item | Items]), Rest}
    end.

string(<<"\"", Rest/binary>>, Chars) -> {Chars, Rest};
string(<<"\\u", Hex:4/binary, Rest/binary>>, Chars) -> string(Rest, <<Chars/binary, (binary_to_integer(Hex, 16))/utf8>>);
string(<<"\\", Char, Rest/binary>>, Chars) -> string(Rest, <<Chars/binary, (unescape(Char))>>);
string(<<Char, Rest/binary>>, Chars) -> string(Rest, <<Chars/binary, Char>>).

unescape($n) -> $\n;
unescape($t) -> $\t;
unescape($r) -> $\r;
unescape($b) -> $\b;
unescape($f) -> $\f;
unescape(Char) when Char =:= $"; Char =:= $\\; Char =:= $/ -> Char.

number(Text) ->
    {match, [{0, Length}]} = re:run(Text, <<"^-?[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?">>, [{capture, first}]),
    <<Digits:Length/binary, Rest/binary>> = Text,
    {digits(Digits), Rest}.

%% Erlang reads no float without a point ("1e3").
digits(Digits) ->
    case re:run(Digits, <<"^(-?[0-9]+)(\\.[0-9]+)?([eE][-+]?[0-9]+)?$">>, [{capture, all_but_first, binary}]) of
        {match, [_Whole]} -> binary_to_integer(Digits);
        {match, [Whole, <<>>, Exponent]} -> binary_to_float(<<Whole/binary, ".0", Exponent/binary>>);
        {match, _} -> binary_to_float(Digits)
    end.

blank(<<Char, Rest/binary>>) when Char =:= $\s; Char =:= $\t; Char =:= $\n; Char =:= $\r -> blank(Rest);
blank(Text) -> Text.
