using Scenarios.Language;
using Sim.Core;
using Sim.Pcie.Config;
using Sim.Pcie.Topology;

namespace Scenarios.Platforms;

/// <summary>A field of a function's registers, found by the specification's names: 'Device Control.Max_Payload_Size'.</summary>
internal readonly record struct RegisterField(int Offset, int Bytes, int Lsb, uint Mask)
{
    // Fields of a port that are wider than a bit.
    private static readonly Lazy<HashSet<string>> Wide = new(() => [.. new RootComplex(new Simulator()).AddRootPort("any").Function.Config
        .Fields().Where(f => f.Field.Width > 1).Select(f => NameOf(f.Register, f.Field))]);

    public static RegisterField? Find(ConfigSpace config, string path)
    {
        foreach (var (register, field) in config.Fields())
        {
            if (IsNamed(path, register.Name, field.Name)) return new RegisterField(register.Offset, register.Bytes, field.Lsb, field.Mask);
        }

        return null;
    }

    public static IEnumerable<string> NamesOf(IEnumerable<ConfigSpace> configs) =>
        configs.SelectMany(c => c.Fields()).Select(f => NameOf(f.Register, f.Field));

    /// <summary>The other values that a field could have: the other one of a bit, 0 to 2 of a wider field.</summary>
    public static IEnumerable<ulong> OtherValues(string path, ulong value) =>
        Wide.Value.Contains(path) ? new ulong[] { 0, 1, 2 }.Where(v => v != value) : [1 - Math.Min(value, 1)];

    public static string Unknown(string component, ConfigSpace config, string path) =>
        $"{component} has no register field '{path}'{NearestWord.Hint(path, NamesOf([config]))}; "
        + "expected 'Register.Field' as the specification names them";

    // As NameOf would have it, without making the names of all registers for the one that is sought.
    private static bool IsNamed(string path, string register, string field) =>
        path.Length == register.Length + 1 + field.Length && path[register.Length] == '.'
        && path.StartsWith(register, StringComparison.Ordinal) && path.EndsWith(field, StringComparison.Ordinal);

    private static string NameOf(RegisterSpec register, FieldSpec field) => $"{register.Name}.{field.Name}";
}
