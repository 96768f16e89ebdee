namespace Sim.Vfio;

/// <summary>The error numbers that Linux returns to users of VFIO.</summary>
public enum Errno
{
    /// <summary>Success.</summary>
    None = 0,

    /// <summary>ENOENT: nothing is mapped there.</summary>
    ENOENT = 2,

    /// <summary>EIO: memory space disabled, or a command failed.</summary>
    EIO = 5,

    /// <summary>E2BIG: more ranges than one call takes.</summary>
    E2BIG = 7,

    /// <summary>EFAULT: the address is not mapped.</summary>
    EFAULT = 14,

    /// <summary>EBUSY: the device did not quiesce.</summary>
    EBUSY = 16,

    /// <summary>EEXIST: something is mapped there.</summary>
    EEXIST = 17,

    /// <summary>ENODEV: the device, or the transfer behind this file, is gone.</summary>
    ENODEV = 19,

    /// <summary>EINVAL: not defined, or not in this state.</summary>
    EINVAL = 22,

    /// <summary>ENOTTY: the device has no such operation.</summary>
    ENOTTY = 25,

    /// <summary>ENOMSG: nothing to read for now; more comes in a later state.</summary>
    ENOMSG = 42,

    /// <summary>EOVERFLOW: a range ends beyond the address space.</summary>
    EOVERFLOW = 75,

    /// <summary>EOPNOTSUPP: the device lacks the feature.</summary>
    EOPNOTSUPP = 95,

    /// <summary>ENOTCONN: the Physical Function's driver is gone.</summary>
    ENOTCONN = 107,

    /// <summary>ETIMEDOUT: no answer.</summary>
    ETIMEDOUT = 110,
}
