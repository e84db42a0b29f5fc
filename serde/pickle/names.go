package pickle

// python3Name gives the Python 3 name of a class or function that Python 2 knew under
// module and name. Pickles below protocol 3 carry Python 2 names; Python reads them by
// the tables of its module _compat_pickle, and so does this.
func python3Name(module, name string) (string, string) {
	switch module {
	case "UserDict":
		switch name {
		case "IterableUserDict":
			return "collections", "UserDict"
		}
		return "collections", name
	case "__builtin__":
		switch name {
		case "reduce":
			return "functools", name
		case "intern":
			return "sys", name
		case "basestring", "unicode":
			return "builtins", "str"
		case "long":
			return "builtins", "int"
		case "unichr":
			return "builtins", "chr"
		case "xrange":
			return "builtins", "range"
		}
		return "builtins", name
	case "_multiprocessing":
		switch name {
		case "Connection":
			return "multiprocessing.connection", name
		}
	case "_socket":
		switch name {
		case "fromfd":
			return "socket", name
		}
	case "exceptions":
		switch name {
		case "ArithmeticError", "AssertionError", "AttributeError", "BaseException", "BufferError",
			"BytesWarning", "DeprecationWarning", "EOFError", "EnvironmentError", "Exception",
			"FloatingPointError", "FutureWarning", "GeneratorExit", "IOError", "ImportError",
			"ImportWarning", "IndentationError", "IndexError", "KeyError", "KeyboardInterrupt",
			"LookupError", "MemoryError", "NameError", "NotImplementedError", "OSError",
			"OverflowError", "PendingDeprecationWarning", "ReferenceError", "RuntimeError", "RuntimeWarning",
			"StopIteration", "SyntaxError", "SyntaxWarning", "SystemError", "SystemExit",
			"TabError", "TypeError", "UnboundLocalError", "UnicodeDecodeError", "UnicodeEncodeError",
			"UnicodeError", "UnicodeTranslateError", "UnicodeWarning", "UserWarning", "ValueError",
			"Warning", "ZeroDivisionError":
			return "builtins", name
		case "StandardError":
			return "builtins", "Exception"
		}
	case "itertools":
		switch name {
		case "ifilter":
			return "builtins", "filter"
		case "ifilterfalse":
			return "itertools", "filterfalse"
		case "imap":
			return "builtins", "map"
		case "izip":
			return "builtins", "zip"
		case "izip_longest":
			return "itertools", "zip_longest"
		}
	case "multiprocessing":
		switch name {
		case "AuthenticationError", "BufferTooShort", "ProcessError", "TimeoutError":
			return "multiprocessing.context", name
		}
	case "multiprocessing.forking":
		switch name {
		case "Popen":
			return "multiprocessing.popen_fork", name
		}
	case "multiprocessing.process":
		switch name {
		case "Process":
			return "multiprocessing.context", name
		}
	case "socket":
		switch name {
		case "_socketobject":
			return "socket", "SocketType"
		}
	case "urllib":
		switch name {
		case "ContentTooShortError":
			return "urllib.error", name
		case "quote", "quote_plus", "unquote", "unquote_plus", "urlencode":
			return "urllib.parse", name
		case "getproxies", "pathname2url", "url2pathname", "urlcleanup", "urlopen",
			"urlretrieve":
			return "urllib.request", name
		}
	case "urllib2":
		switch name {
		case "HTTPError", "URLError":
			return "urllib.error", name
		}
		return "urllib.request", name
	case "dummy_thread":
		return "_dummy_thread", name
	case "markupbase":
		return "_markupbase", name
	case "thread":
		return "_thread", name
	case "UserList", "UserString":
		return "collections", name
	case "_abcoll":
		return "collections.abc", name
	case "ConfigParser":
		return "configparser", name
	case "copy_reg":
		return "copyreg", name
	case "anydbm", "whichdb":
		return "dbm", name
	case "dbhash":
		return "dbm.bsd", name
	case "dumbdbm":
		return "dbm.dumb", name
	case "gdbm":
		return "dbm.gnu", name
	case "dbm":
		return "dbm.ndbm", name
	case "htmlentitydefs":
		return "html.entities", name
	case "HTMLParser":
		return "html.parser", name
	case "httplib":
		return "http.client", name
	case "cookielib":
		return "http.cookiejar", name
	case "Cookie":
		return "http.cookies", name
	case "BaseHTTPServer", "CGIHTTPServer", "SimpleHTTPServer":
		return "http.server", name
	case "StringIO", "cStringIO":
		return "io", name
	case "cPickle":
		return "pickle", name
	case "Queue":
		return "queue", name
	case "repr":
		return "reprlib", name
	case "SocketServer":
		return "socketserver", name
	case "commands":
		return "subprocess", name
	case "test.test_support":
		return "test.support", name
	case "Tkinter":
		return "tkinter", name
	case "tkColorChooser":
		return "tkinter.colorchooser", name
	case "tkCommonDialog":
		return "tkinter.commondialog", name
	case "Tkconstants":
		return "tkinter.constants", name
	case "Dialog":
		return "tkinter.dialog", name
	case "Tkdnd":
		return "tkinter.dnd", name
	case "FileDialog", "tkFileDialog":
		return "tkinter.filedialog", name
	case "tkFont":
		return "tkinter.font", name
	case "tkMessageBox":
		return "tkinter.messagebox", name
	case "ScrolledText":
		return "tkinter.scrolledtext", name
	case "SimpleDialog", "tkSimpleDialog":
		return "tkinter.simpledialog", name
	case "Tix":
		return "tkinter.tix", name
	case "ttk":
		return "tkinter.ttk", name
	case "urlparse":
		return "urllib.parse", name
	case "robotparser":
		return "urllib.robotparser", name
	case "_winreg":
		return "winreg", name
	case "_elementtree":
		return "xml.etree.ElementTree", name
	case "xmlrpclib":
		return "xmlrpc.client", name
	case "DocXMLRPCServer", "SimpleXMLRPCServer":
		return "xmlrpc.server", name
	}
	return module, name
}

// python2Name is the way back: what a pickle below protocol 3 calls a class or function
// of Python 3. Names that Python itself would not find again (it writes a
// ConnectionError as an OSError) are left as they are.
func python2Name(module, name string) (string, string) {
	switch module {
	case "builtins":
		switch name {
		case "ArithmeticError", "AssertionError", "AttributeError", "BaseException", "BufferError",
			"BytesWarning", "DeprecationWarning", "EOFError", "EnvironmentError", "Exception",
			"FloatingPointError", "FutureWarning", "GeneratorExit", "IOError", "ImportError",
			"ImportWarning", "IndentationError", "IndexError", "KeyError", "KeyboardInterrupt",
			"LookupError", "MemoryError", "NameError", "NotImplementedError", "OSError",
			"OverflowError", "PendingDeprecationWarning", "ReferenceError", "RuntimeError", "RuntimeWarning",
			"StopIteration", "SyntaxError", "SyntaxWarning", "SystemError", "SystemExit",
			"TabError", "TypeError", "UnboundLocalError", "UnicodeDecodeError", "UnicodeEncodeError",
			"UnicodeError", "UnicodeTranslateError", "UnicodeWarning", "UserWarning", "ValueError",
			"Warning", "ZeroDivisionError":
			return "exceptions", name
		case "chr":
			return "__builtin__", "unichr"
		case "filter":
			return "itertools", "ifilter"
		case "int":
			return "__builtin__", "long"
		case "map":
			return "itertools", "imap"
		case "range":
			return "__builtin__", "xrange"
		case "str":
			return "__builtin__", "unicode"
		case "zip":
			return "itertools", "izip"
		}
		return "__builtin__", name
	case "collections":
		switch name {
		case "UserList":
			return "UserList", name
		case "UserString":
			return "UserString", name
		case "UserDict":
			return "UserDict", "IterableUserDict"
		}
	case "dbm":
		switch name {
		case "whichdb":
			return "whichdb", name
		}
		return "anydbm", name
	case "functools":
		switch name {
		case "reduce":
			return "__builtin__", name
		}
	case "http.server":
		switch name {
		case "CGIHTTPRequestHandler":
			return "CGIHTTPServer", name
		case "SimpleHTTPRequestHandler":
			return "SimpleHTTPServer", name
		}
		return "BaseHTTPServer", name
	case "itertools":
		switch name {
		case "filterfalse":
			return "itertools", "ifilterfalse"
		case "zip_longest":
			return "itertools", "izip_longest"
		}
	case "multiprocessing.connection":
		switch name {
		case "Connection":
			return "_multiprocessing", name
		}
	case "multiprocessing.context":
		switch name {
		case "AuthenticationError", "BufferTooShort", "ProcessError", "TimeoutError":
			return "multiprocessing", name
		case "Process":
			return "multiprocessing.process", name
		}
	case "multiprocessing.popen_fork":
		switch name {
		case "Popen":
			return "multiprocessing.forking", name
		}
	case "socket":
		switch name {
		case "fromfd":
			return "_socket", name
		}
	case "sys":
		switch name {
		case "intern":
			return "__builtin__", name
		}
	case "tkinter.filedialog":
		switch name {
		case "FileDialog", "LoadFileDialog", "SaveFileDialog":
			return "FileDialog", name
		}
		return "tkFileDialog", name
	case "tkinter.simpledialog":
		switch name {
		case "SimpleDialog":
			return "SimpleDialog", name
		}
		return "tkSimpleDialog", name
	case "urllib.error":
		switch name {
		case "ContentTooShortError":
			return "urllib", name
		case "HTTPError", "URLError":
			return "urllib2", name
		}
	case "urllib.parse":
		switch name {
		case "quote", "quote_plus", "unquote", "unquote_plus", "urlencode":
			return "urllib", name
		}
		return "urlparse", name
	case "urllib.request":
		switch name {
		case "getproxies", "pathname2url", "url2pathname", "urlcleanup", "urlopen",
			"urlretrieve":
			return "urllib", name
		}
		return "urllib2", name
	case "xmlrpc.server":
		switch name {
		case "DocCGIXMLRPCRequestHandler", "DocXMLRPCRequestHandler", "DocXMLRPCServer", "ServerHTMLDoc", "XMLRPCDocGenerator":
			return "DocXMLRPCServer", name
		}
		return "SimpleXMLRPCServer", name
	case "configparser":
		return "ConfigParser", name
	case "http.cookies":
		return "Cookie", name
	case "tkinter.dialog":
		return "Dialog", name
	case "html.parser":
		return "HTMLParser", name
	case "queue":
		return "Queue", name
	case "tkinter.scrolledtext":
		return "ScrolledText", name
	case "socketserver":
		return "SocketServer", name
	case "tkinter.tix":
		return "Tix", name
	case "tkinter.constants":
		return "Tkconstants", name
	case "tkinter.dnd":
		return "Tkdnd", name
	case "tkinter":
		return "Tkinter", name
	case "collections.abc":
		return "_abcoll", name
	case "winreg":
		return "_winreg", name
	case "subprocess":
		return "commands", name
	case "http.cookiejar":
		return "cookielib", name
	case "copyreg":
		return "copy_reg", name
	case "dbm.bsd":
		return "dbhash", name
	case "dbm.ndbm":
		return "dbm", name
	case "dbm.dumb":
		return "dumbdbm", name
	case "_dummy_thread":
		return "dummy_thread", name
	case "dbm.gnu":
		return "gdbm", name
	case "html.entities":
		return "htmlentitydefs", name
	case "http.client":
		return "httplib", name
	case "_markupbase":
		return "markupbase", name
	case "reprlib":
		return "repr", name
	case "urllib.robotparser":
		return "robotparser", name
	case "test.support":
		return "test.test_support", name
	case "_thread":
		return "thread", name
	case "tkinter.colorchooser":
		return "tkColorChooser", name
	case "tkinter.commondialog":
		return "tkCommonDialog", name
	case "tkinter.font":
		return "tkFont", name
	case "tkinter.messagebox":
		return "tkMessageBox", name
	case "tkinter.ttk":
		return "ttk", name
	case "xmlrpc.client":
		return "xmlrpclib", name
	}
	return module, name
}
