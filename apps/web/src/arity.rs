/// Calls a macro for handlers of up to seven arguments before the last, with names for their types.
macro_rules! each_arity {
    ($macro:ident) => {
        $macro! {}
        $macro! { A }
        $macro! { A B }
        $macro! { A B C }
        $macro! { A B C D }
        $macro! { A B C D E }
        $macro! { A B C D E G }
        $macro! { A B C D E G H }
    };
}
