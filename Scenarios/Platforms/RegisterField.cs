using Scenarios.Language;
using Sim.Pcie.Config;

namespace Scenarios.Platforms;

/// <summary>A field of a function's registers, found by the specification's names: 'Device Control.Max_Payload_Size'.</summary>
internal readonly record struct RegisterField(int Offset, int Bytes, int Lsb, uint Mask)
{
    public static RegisterField? Find(ConfigSpace config, string path)
    {
        foreach (var (register, field) in config.Fields())
        {
            if (NameOf(register, field) == path) return new RegisterField(register.Offset, register.Bytes, field.Lsb, field.Mask);
        }

        return null;
    }

    public static IEnumerable<string> NamesOf(IEnumerable<ConfigSpace> configs) =>
        configs.SelectMany(c => c.Fields()).Select(f => NameOf(f.Register, f.Field));

    public static string Unknown(string component, ConfigSpace config, string path) =>
        $"{component} has no register field '{path}'{NearestWord.Hint(path, NamesOf([config]))}; "
        + "expected 'Register.Field' as the specification names them";

    private static string NameOf(RegisterSpec register, FieldSpec field) => $"{register.Name}.{field.Name}";
}
