namespace Sim.Mlx5.Spec;

/// <summary>Status of an executed command: bits 31:24 of the output's first DW.</summary>
public enum CommandStatus : byte
{
    /// <summary>Success.</summary>
    Ok = 0x00,

    /// <summary>Internal error.</summary>
    InternalError = 0x01,

    /// <summary>Unknown or disallowed opcode, or op_mod.</summary>
    BadOperation = 0x02,

    /// <summary>A parameter is out of range.</summary>
    BadParameter = 0x03,

    /// <summary>The HCA is not in a state for this command.</summary>
    BadSystemState = 0x04,

    /// <summary>The object does not exist.</summary>
    BadResource = 0x05,

    /// <summary>The object is used by others.</summary>
    ResourceBusy = 0x06,

    /// <summary>A limit is exceeded.</summary>
    LimitExceeded = 0x08,

    /// <summary>The object is not in a state for this command.</summary>
    BadResourceState = 0x09,

    /// <summary>An index is out of range.</summary>
    BadIndex = 0x0A,

    /// <summary>No resources left.</summary>
    NoResources = 0x0F,

    /// <summary>The QP is not in a state for this transition.</summary>
    BadQpState = 0x10,

    /// <summary>Bad management packet.</summary>
    BadPacket = 0x30,

    /// <summary>More outstanding CQEs than the new size holds.</summary>
    BadSizeOutstandingCqes = 0x40,

    /// <summary>The input is too short for the command.</summary>
    BadInputLength = 0x50,

    /// <summary>The output is too short for the command.</summary>
    BadOutputLength = 0x51,
}
