namespace Sim.Mlx5.Spec;

/// <summary>CREATE, MODIFY, QUERY and DESTROY_GENERAL_OBJECT.</summary>
public static class GeneralObject
{
    /// <summary>Object type: page tracker.</summary>
    public const uint PageTrack = 0x46;

    /// <summary>Byte offset of the object in inputs and outputs.</summary>
    public const int Context = 0x10;

    /// <summary>Input: type of the object.</summary>
    public static BitField Type => new(0x04, 15, 0);

    /// <summary>Input of all but CREATE, output of CREATE: the object's number.</summary>
    public static BitField Id => new(0x08, 31, 0);
}
